using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace RroDashboard.Web.Tests.Remote;

/// <summary>
/// Stands between a client and a server and takes answers away: the request goes through, the server answers, and the connection to the client is cut
/// before a byte of the answer. For clients that make one connection for each request.
/// </summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly HashSet<string> _seen = [];
    private int _cut;

    public CuttingProxy()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Where requests go; null while there is no server.</summary>
    public Uri? Target { get; set; }

    /// <summary>Decides by the request, and by whether the same one came before.</summary>
    public Func<string, bool, bool> Cuts { get; set; } = static (_, _) => false;

    /// <summary>Answers that were taken away.</summary>
    public int Cut => Volatile.Read(ref _cut);

    public void Dispose()
    {
        _end.Cancel();
        _listener.Dispose();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            try
            {
                _ = PassAsync(await _listener.AcceptTcpClientAsync(_end.Token));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using (client)
        {
            if (Target is not { } target)
            {
                return;
            }

            using var server = new TcpClient();
            try
            {
                await server.ConnectAsync(target.Host, target.Port, _end.Token);
                var request = await RequestAsync(client.GetStream());
                await server.GetStream().WriteAsync(request, _end.Token);
                using var answer = new MemoryStream();
                await server.GetStream().CopyToAsync(answer, _end.Token);
                if (answer.Length == 0)
                {
                    return;
                }

                bool before;
                lock (_seen)
                {
                    before = !_seen.Add(Convert.ToHexString(SHA256.HashData(request)));
                }

                if (Cuts(Encoding.UTF8.GetString(request), before))
                {
                    Interlocked.Increment(ref _cut);
                    return;
                }

                await client.GetStream().WriteAsync(answer.ToArray(), _end.Token);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // The server or the client is gone: the other one sees it at its end of the connection.
            }
        }
    }

    private async Task<byte[]> RequestAsync(NetworkStream stream)
    {
        var request = new List<byte>();
        var buffer = new byte[65_536];
        while (true)
        {
            var read = await stream.ReadAsync(buffer, _end.Token);
            request.AddRange(buffer.AsSpan(0, read));
            var text = Encoding.Latin1.GetString([.. request]);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (read == 0 || (end >= 0 && request.Count >= end + 4 + LengthOf(text[..end])))
            {
                return [.. request];
            }
        }
    }

    private static int LengthOf(string head) => head.Split("\r\n").Where(l => l.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
        .Select(l => int.Parse(l["Content-Length:".Length..], System.Globalization.CultureInfo.InvariantCulture)).FirstOrDefault();
}
