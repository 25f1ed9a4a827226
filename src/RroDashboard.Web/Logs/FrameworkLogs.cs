using Microsoft.Extensions.Options;

namespace RroDashboard.Web.Logs;

/// <summary>
/// Keeps the framework's lines below "warning" out of every log, whatever the configuration asks for: they name the address of each request, and the address
/// of a sign-in link, an invitation or a shared page is its key. Our own lines follow the configuration. The hub dispatcher is not heard at all: it writes an
/// error with its stack for every call that is refused, and anybody can make such calls; <see cref="Hubs.HubRefusals"/> says what is worth saying of them.
/// The key manager warns once that its file is not encrypted: it lies in the data folder, where only the user can read it, and encrypting it would put the
/// key to it beside it.
/// </summary>
public sealed class FrameworkLogs : IPostConfigureOptions<LoggerFilterOptions>
{
    private const string HubDispatcher = "Microsoft.AspNetCore.SignalR.Internal.DefaultHubDispatcher";

    private const string KeyManager = "Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager";

    private static readonly string[] s_framework = ["Microsoft", "System"];

    // The framework's own lines again, in the name of our classes: two for each request that brings a wrong token, from anybody.
    private static readonly string?[] s_handlers = [typeof(Authentication.TokenAuthentication).FullName, typeof(Authentication.ProxySignIn).FullName];

    /// <inheritdoc/>
    public void PostConfigure(string? name, LoggerFilterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var rules = options.Rules.ToList();
        options.Rules.Clear();
        // One without any condition, so that there is always a rule to ask.
        foreach (var rule in rules.Prepend(new LoggerFilterRule(null, null, null, null)))
        {
            options.Rules.Add(new LoggerFilterRule(
                rule.ProviderName, rule.CategoryName, rule.LogLevel,
                (provider, category, level) => level >= Lowest(category) && (rule.Filter?.Invoke(provider, category, level) ?? level >= (rule.LogLevel ?? options.MinLevel))));
        }
    }

    private static LogLevel Lowest(string? category) => category switch
    {
        HubDispatcher => LogLevel.Critical,
        KeyManager => LogLevel.Error,
        _ => IsFramework(category) || s_handlers.Contains(category) ? LogLevel.Warning : LogLevel.Trace,
    };

    private static bool IsFramework(string? category) =>
        Array.Exists(s_framework, f => category is not null && (category == f || category.StartsWith(f + ".", StringComparison.Ordinal)));
}
