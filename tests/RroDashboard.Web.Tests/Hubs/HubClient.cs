using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace RroDashboard.Web.Tests.Hubs;

/// <summary>Speaks the JSON hub protocol over a plain WebSocket, as any other program could.</summary>
internal sealed class HubClient : IAsyncDisposable
{
    private const byte End = 0x1e;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly ClientWebSocket _socket = new();
    private readonly Channel<JsonElement> _events = Channel.CreateUnbounded<JsonElement>();
    private readonly Channel<(string, JsonElement)> _others = Channel.CreateUnbounded<(string, JsonElement)>();
    private readonly Dictionary<string, TaskCompletionSource<JsonElement>> _calls = [];
    private readonly SemaphoreSlim _sending = new(1, 1);
    private Task _receiving = Task.CompletedTask;
    private int _call;

    private HubClient()
    {
    }

    /// <summary>Messages "events", in order.</summary>
    public ChannelReader<JsonElement> Events => _events.Reader;

    /// <summary>Every other message: its name and its first argument.</summary>
    public ChannelReader<(string Target, JsonElement Argument)> Others => _others.Reader;

    public static async Task<HubClient> ConnectAsync(Uri server, CookieContainer? cookies, string path = "/hubs/runs", (string Name, string Value)? header = null)
    {
        var client = new HubClient();
        client._socket.Options.Cookies = cookies;
        if (header is { } named)
        {
            client._socket.Options.SetRequestHeader(named.Name, named.Value);
        }

        await client._socket.ConnectAsync(new Uri($"ws://{server.Authority}{path}"), default).WaitAsync(s_patience);
        await client.SendAsync("""{"protocol":"json","version":1}""");
        client._receiving = Task.Run(client.ReceiveAsync);
        return client;
    }

    /// <summary>The result of a hub method.</summary>
    /// <exception cref="InvalidOperationException">The hub answered with an error.</exception>
    public async Task<JsonElement> InvokeAsync(string method, params object[] arguments)
    {
        var id = $"{Interlocked.Increment(ref _call)}";
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_calls)
        {
            _calls[id] = answer;
        }

        await SendAsync(JsonSerializer.Serialize(new { type = 1, invocationId = id, target = method, arguments }));
        return await answer.Task.WaitAsync(s_patience);
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _receiving.WaitAsync(s_patience);
        _socket.Dispose();
        _sending.Dispose();
    }

    private async Task SendAsync(string message)
    {
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync((byte[])[.. Encoding.UTF8.GetBytes(message), End], WebSocketMessageType.Text, true, default).WaitAsync(s_patience);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task ReceiveAsync()
    {
        var (buffer, message) = (new byte[16 * 1024], new List<byte>());
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveAsync(buffer, default);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                foreach (var b in buffer.AsSpan(0, received.Count))
                {
                    if (b != End)
                    {
                        message.Add(b);
                        continue;
                    }

                    Handle(JsonDocument.Parse(message.ToArray()).RootElement);
                    message.Clear();
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // Closed by the test.
        }
        finally
        {
            _events.Writer.TryComplete();
            _others.Writer.TryComplete();
        }
    }

    private void Handle(JsonElement message)
    {
        switch (message.TryGetProperty("type", out var type) ? type.GetInt32() : 0)
        {
            case 1 when message.GetProperty("target").GetString() == "events":
                _events.Writer.TryWrite(message.GetProperty("arguments")[0]);
                break;
            case 1:
                _others.Writer.TryWrite((message.GetProperty("target").GetString()!, message.GetProperty("arguments").EnumerateArray().FirstOrDefault()));
                break;
            case 3:
                TaskCompletionSource<JsonElement> call;
                lock (_calls)
                {
                    _calls.Remove(message.GetProperty("invocationId").GetString()!, out call!);
                }

                if (message.TryGetProperty("error", out var error))
                {
                    call.SetException(new InvalidOperationException(error.GetString()));
                }
                else
                {
                    call.SetResult(message.TryGetProperty("result", out var result) ? result : default);
                }

                break;
            default:
                break;
        }
    }
}
