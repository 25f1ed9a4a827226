using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Security;

/// <summary>Who is at the other end of the connection, before a trusted proxy said for whom it asks.</summary>
/// <param name="Address">The proxy's own address, not the one in a header.</param>
public sealed record Peer(IPAddress? Address);

/// <summary>What a trusted proxy says of a request: the address it came from, and that it came by https. Everyone else's word on that is ignored.</summary>
public static class ProxyConnections
{
    /// <summary>First of all: whatever looks at address or scheme comes after it.</summary>
    public static void UseProxyConnections(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var proxy = app.Services.GetRequiredService<ProxyOptions>();
        app.Use((context, next) =>
        {
            context.Features.Set(new Peer(context.Connection.RemoteIpAddress));
            return next(context);
        });
        if (!proxy.IsOn)
        {
            return;
        }

        var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var network in proxy.Networks)
        {
            forwarded.KnownIPNetworks.Add(network);
        }

        app.UseForwardedHeaders(forwarded);
    }

    /// <summary>Refuses the framework's own switch, which believes everyone.</summary>
    /// <exception cref="RefusalException">It is on.</exception>
    public static void RefuseBlindTrust(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (string.Equals(configuration["FORWARDEDHEADERS_ENABLED"], "true", StringComparison.OrdinalIgnoreCase))
        {
            throw new RefusalException("ASPNETCORE_FORWARDEDHEADERS_ENABLED believes what anyone says of an address: remove it and name the proxy in Proxy:Trusted.");
        }
    }
}
