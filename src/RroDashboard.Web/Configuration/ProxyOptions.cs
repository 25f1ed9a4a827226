using System.Net;
using RroDashboard.Data;

namespace RroDashboard.Web.Configuration;

/// <summary>
/// A web server of the team in front of the dashboard, which speaks https and may sign people in. Off unless the configuration says otherwise, as
/// environment variables (<c>Proxy__Trusted</c>, <c>Proxy__Hosts</c>, <c>Proxy__SignInHeader</c>, <c>Proxy__NewAccounts</c>) or in appsettings.json.
/// </summary>
public sealed class ProxyOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Proxy";

    /// <summary>Headers that mean something else already, or that everyone sends.</summary>
    private static readonly string[] s_reserved = ["Authorization", "Cookie", "Host", "Origin", "Referer", "User-Agent", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"];

    private List<IPNetwork> _networks = [];

    /// <summary>Addresses, or ranges as 10.1.0.0/24, that may say for whom they ask: X-Forwarded-For, X-Forwarded-Proto and the sign-in header of others are not believed.</summary>
    public IReadOnlyList<string> Trusted { get; init; } = [];

    /// <summary>Names under which people reach the proxy; besides them only the names of this machine are answered.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Header in which the proxy names who is signed in; null when it signs nobody in.</summary>
    public string? SignInHeader { get; init; }

    /// <summary>Role of an account that is made because the proxy named someone new.</summary>
    public UserRole NewAccounts { get; init; } = UserRole.Viewer;

    /// <summary>Whether any proxy is believed.</summary>
    public bool IsOn => _networks.Count > 0;

    /// <summary>The ranges of <see cref="Trusted"/>.</summary>
    public IReadOnlyList<IPNetwork> Networks => _networks;

    /// <summary>Reads the section; lists are written with commas or as arrays.</summary>
    /// <exception cref="RefusalException">A role that is none.</exception>
    public static ProxyOptions Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(Section);
        var role = section[nameof(NewAccounts)];
        return new ProxyOptions
        {
            Trusted = List(section.GetSection(nameof(Trusted))),
            Hosts = List(section.GetSection(nameof(Hosts))),
            SignInHeader = string.IsNullOrWhiteSpace(section[nameof(SignInHeader)]) ? null : section[nameof(SignInHeader)]!.Trim(),
            NewAccounts = string.IsNullOrWhiteSpace(role) ? UserRole.Viewer
                : Enum.GetNames<UserRole>().FirstOrDefault(n => n.Equals(role.Trim(), StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse<UserRole>(name)
                : throw new RefusalException($"{Section}:{nameof(NewAccounts)} '{role}' is no role: it is one of {string.Join(", ", Enum.GetNames<UserRole>())}."),
        };
    }

    /// <summary>Checks what can be known before the start.</summary>
    /// <exception cref="RefusalException">The first thing that is wrong.</exception>
    public void Validate()
    {
        var networks = new List<IPNetwork>();
        foreach (var text in Trusted)
        {
            var network = IPNetwork.TryParse(text, out var range) ? range
                : IPAddress.TryParse(text, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
                : throw new RefusalException($"{Section}:{nameof(Trusted)} '{text}' is no address and no range: write for example 127.0.0.1 or 10.1.0.0/24.");
            networks.Add(network.PrefixLength > 0 ? network
                : throw new RefusalException($"{Section}:{nameof(Trusted)} '{text}' is every address there is: name the proxy's own."));
        }

        _networks = networks;
        foreach (var host in Hosts)
        {
            // A bare '*' would answer to every name, and with it to one that a hostile page chose.
            if (Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) == UriHostNameType.Unknown)
            {
                throw new RefusalException($"{Section}:{nameof(Hosts)} '{host}' is no name of a host: write for example rro.example.org, without https:// and port.");
            }
        }

        if (SignInHeader is not { } header)
        {
            return;
        }

        if (Trusted.Count == 0)
        {
            throw new RefusalException($"{Section}:{nameof(SignInHeader)} is '{header}', but {Section}:{nameof(Trusted)} names no address: without one everyone could write that header and be anyone.");
        }

        if (header.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) || s_reserved.Contains(header, StringComparer.OrdinalIgnoreCase))
        {
            throw new RefusalException($"{Section}:{nameof(SignInHeader)} '{header}' is not allowed: it is a name of letters, digits and '-' that means nothing else, for example X-Forwarded-User.");
        }
    }

    /// <summary>Whether an address may say for whom it asks.</summary>
    public bool IsTrusted(IPAddress? address)
    {
        var plain = address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4() : address;
        return plain is not null && _networks.Exists(n => n.Contains(plain));
    }

    private static string[] List(IConfigurationSection section) =>
    [
        .. section.GetChildren().Select(c => c.Value ?? "").Append(section.Value ?? "")
            .SelectMany(v => v.Split([',', ';', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)),
    ];
}
