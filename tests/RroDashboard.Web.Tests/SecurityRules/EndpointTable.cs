using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>What the server answers, read from its routes: a rule that is checked on this table holds for an endpoint that is added tomorrow.</summary>
internal static partial class EndpointTable
{
    /// <summary>Verbs that can change something; the last one stands for those that are not invented yet.</summary>
    public static IReadOnlyList<string> Unsafe { get; } = ["POST", "PUT", "PATCH", "DELETE", "QUERY"];

    /// <summary>Everything but scripts, styles and fonts.</summary>
    public static IReadOnlyList<RouteEndpoint> Of(RroWebApplication server) =>
        [.. ((IEndpointRouteBuilder)server.App).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<Microsoft.AspNetCore.StaticAssets.StaticAssetDescriptor>() is null)];

    /// <summary>The pattern of the route.</summary>
    public static string PathOf(RouteEndpoint endpoint) => "/" + endpoint.RoutePattern.RawText!.Trim('/');

    /// <summary>A page of Blazor.</summary>
    public static bool IsPage(RouteEndpoint endpoint) => endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Components.Endpoints.ComponentTypeMetadata>() is not null;

    /// <summary>Circuits and hubs: the framework's own verbs, which connect and act on nothing.</summary>
    public static bool IsTransport(RouteEndpoint endpoint) => PathOf(endpoint).StartsWith("/_blazor", StringComparison.Ordinal) || PathOf(endpoint).StartsWith("/hubs/", StringComparison.Ordinal);

    /// <summary>Unsafe verbs that the route names.</summary>
    public static IEnumerable<string> UnsafeVerbs(RouteEndpoint endpoint) =>
        (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []).Where(m => m is not ("GET" or "HEAD" or "OPTIONS"));

    /// <summary>The path with a value for every parameter, by its name.</summary>
    public static string Fill(RouteEndpoint endpoint, Func<string, string> value) => Parameter().Replace(PathOf(endpoint), m => value(m.Groups["name"].Value));

    /// <summary>Names of the parameters of the path.</summary>
    public static IReadOnlyList<string> Parameters(RouteEndpoint endpoint) => [.. Parameter().Matches(PathOf(endpoint)).Select(m => m.Groups["name"].Value)];

    [GeneratedRegex(@"\{\**(?<name>[A-Za-z]+)[^}]*\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parameter();
}
