using System.Net.WebSockets;
using System.Text;
using System.Threading.Channels;
using RroDashboard.Core.Statistics;

namespace RroDashboard.Fuzzing;

/// <summary>Frames of a hub, right, wrong and cut; whoever hangs up on one is called again.</summary>
internal static class FuzzedFrames
{
    private const char End = '\u001e';

    private static readonly string[] s_targets = ["Watch", "Unwatch", "Since", "Bands", "Older", "Candidates", "Follow", "Nothing", "", "ToString", "Dispose", "OnDisconnectedAsync", "events"];

    private static readonly string[] s_arguments = ["\"x\"", "null", "1e400", "-1", "0", "7", "[]", "{}", "[[[[]]]]", "\"\\u0000\"", "\"\\ud800\"", "9999999999999999999999", "\"RUN\"", "[\"sft/loss\",\"/\"]"];

    /// <summary>Frames that go over a connection after one that may have spoilt it.</summary>
    private const int AfterSpoilt = 4;

    /// <summary>Longest wait for the answer to a call that is whole.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Sends so many, one after another; a call that is whole gets an answer, or ends the connection, before the next is sent.</summary>
    public static async Task RunAsync(FuzzedServer server, int count, uint seed, string path, CancellationToken cancellationToken)
    {
        var random = new SeededRandom(seed);
        ClientWebSocket? socket = null;
        var spoilt = 0;
        var (reading, answers) = (Task.CompletedTask, Channel.CreateUnbounded<string>());
        for (var i = 0; i < count; i++)
        {
            if (socket is not { State: WebSocketState.Open } || spoilt > AfterSpoilt)
            {
                await HangUpAsync(socket, reading);
                socket = new ClientWebSocket();
                socket.Options.SetRequestHeader("Authorization", "Bearer " + server.Tokens[0]);
                await socket.ConnectAsync(new Uri(server.Server.Url.Replace("http", "ws", StringComparison.Ordinal) + path), cancellationToken);
                server.Count("frames: connections", false, path, "");
                await SendAsync(socket, "{\"protocol\":\"json\",\"version\":1}" + End, cancellationToken);
                spoilt = 0;
                // Whoever does not read is hung up on, sooner or later, and nothing would be asked any more.
                answers = Channel.CreateUnbounded<string>();
                reading = ReadAsync(server, socket, answers.Writer, $"frames of {path}, seed {seed}, near {i}", cancellationToken);
            }

            // Most are calls: other types get no answer, and some end the connection.
            var (type, isWhole) = (random.Next(8) == 0 ? random.Next(9) : 1, random.Next(8) != 0);
            var frame = $"{{\"type\":{type},\"invocationId\":\"{i}\",\"target\":\"{s_targets[random.Next(s_targets.Length)]}\",\"arguments\":[{string.Join(',', Enumerable.Range(0, random.Next(6)).Select(_ => s_arguments[random.Next(s_arguments.Length)]))}]}}{End}"
                .Replace("RUN", server.Run, StringComparison.Ordinal);
            if (!isWhole)
            {
                var at = random.Next(frame.Length);
                frame = frame.Remove(at, Math.Min(1 + random.Next(5), frame.Length - at)) + (random.Next(2) == 0 ? End : "");
            }

            try
            {
                await SendAsync(socket, frame, cancellationToken);
                server.Count("frames: sent", false, path, "");
                // A frame without its end takes the next one in, and after one of an unknown type SignalR waits for more until its 32 KiB are full: no answer is owed then.
                spoilt += spoilt > 0 || !isWhole || type is 0 or > 7 ? 1 : 0;
                if (spoilt == 0 && type == 1 && !await IsAnsweredAsync(answers.Reader, $"\"invocationId\":\"{i}\""))
                {
                    server.Count("frames: without an answer", true, $"seed {seed}, number {i}: {frame}", "");
                }
            }
            catch (WebSocketException)
            {
                // It hung up on us, as it should on such a frame; the next one goes over a new connection.
                server.Count("frames: hung up on", false, path, "");
            }
        }

        await HangUpAsync(socket, reading);
    }

    private static ValueTask SendAsync(ClientWebSocket socket, string text, CancellationToken cancellationToken) =>
        socket.SendAsync((ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, cancellationToken);

    private static async Task ReadAsync(FuzzedServer server, ClientWebSocket socket, ChannelWriter<string> answers, string asked, CancellationToken cancellationToken)
    {
        var (buffer, message) = (new byte[32 * 1024], new StringBuilder());
        try
        {
            while (await socket.ReceiveAsync((Memory<byte>)buffer, cancellationToken) is { MessageType: not WebSocketMessageType.Close } received)
            {
                message.Append(Encoding.UTF8.GetString(buffer, 0, received.Count));
                if (received.EndOfMessage)
                {
                    server.Count("frames: answered", false, asked, message.ToString());
                    answers.TryWrite(message.ToString());
                    message.Clear();
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Hung up, by one of us; a socket that was aborted between two receptions calls itself disposed of.
        }
        finally
        {
            answers.TryComplete();
        }
    }

    // To hang up is an answer, too.
    private static async Task<bool> IsAnsweredAsync(ChannelReader<string> answers, string id)
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            while (await answers.WaitToReadAsync(patience.Token))
            {
                while (answers.TryRead(out var answer))
                {
                    if (answer.Contains(id, StringComparison.Ordinal))
                    {
                        return true;
                    }
                }
            }

            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task HangUpAsync(ClientWebSocket? socket, Task reading)
    {
        socket?.Abort();
        await reading;
        socket?.Dispose();
    }
}
