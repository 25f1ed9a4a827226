using System.Net;
using System.Net.Sockets;

namespace RroDashboard.Training.Tests.Endpoints;

/// <summary>Servers of tests on ports of this machine.</summary>
internal static class LoopbackListening
{
    /// <summary>Begins to listen on a port that is free now; another process may take it in between, so a few are tried.</summary>
    /// <returns>Its address.</returns>
    public static Uri StartOnAFreePort(this HttpListener server)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var port = ((IPEndPoint)probe.LocalEndpoint).Port;
            probe.Stop();
            server.Prefixes.Clear();
            server.Prefixes.Add($"http://127.0.0.1:{port}/");
            try
            {
                server.Start();
                return new Uri($"http://127.0.0.1:{port}/v1");
            }
            catch (HttpListenerException) when (attempt < 5)
            {
            }
        }
    }
}
