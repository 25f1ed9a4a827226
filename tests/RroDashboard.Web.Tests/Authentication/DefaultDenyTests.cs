using System.Net;
using System.Reflection;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Components;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.SecurityRules;

namespace RroDashboard.Web.Tests.Authentication;

/// <summary>
/// What is not on a list here is closed. A new endpoint, page or hub is for people who are signed in, a new unsafe verb names a role, and a component that acts
/// asks for the right.
/// </summary>
public sealed class DefaultDenyTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    /// <summary>Everything that answers without a signed-in user. A new endpoint is closed until someone adds it here on purpose.</summary>
    private static readonly string[] Anonymous =
    [
        "/sign-in", "/sign-in/redeem", "/sign-in/password", "/invitation", "/invitation/accept", "/not-found", "/error", "/health/live", "/health/ready", "/s/{token}", "/hubs/share", "/hubs/share/negotiate",
    ];

    /// <summary>Unsafe verbs that every signed-in person may use: they touch nothing but the person's own account and session.</summary>
    private static readonly string[] OwnBusiness = ["/sign-out", "/account", "/account/sign-out-everywhere"];

    /// <summary>Components that inject something that acts but only read from it.</summary>
    private static readonly string[] OnlyRead = ["Account", "Invitation", "Explore", "Evaluation", "LatestRun", "Pairs", "Walk", "RunSystem", "RunLogs", "RunSettings", "Compare", "Play", "ReportEdit"];

    /// <summary>What acts: whoever has one in hand asks for the right.</summary>
    private static readonly Type[] Acting = [typeof(IRunBoard), typeof(RunKeeper), typeof(RerollHost), typeof(RunNotes), typeof(AccountStore), typeof(InvitationStore), typeof(TokenStore), typeof(SignInLinks), typeof(ShareDesk), typeof(ShareLinks), typeof(ReportStore)];

    private static IEnumerable<Type> Components => typeof(RroWebApplication).Assembly.GetTypes().Where(t => typeof(ComponentBase).IsAssignableFrom(t) && !t.IsAbstract);

    private IReadOnlyList<RouteEndpoint> Endpoints => EndpointTable.Of(fixture.Server);

    [Fact]
    public void Endpoints_All_AnonymousOnlyWhenListed()
    {
        var open = Endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is not null).Select(EndpointTable.PathOf).Distinct().Order(StringComparer.Ordinal);

        Assert.True(Endpoints.Count > 30);
        Assert.Equal(Anonymous.Order(StringComparer.Ordinal), open);
    }

    [Fact]
    public void Endpoints_WithAnUnsafeVerb_NameARole()
    {
        var bare = Endpoints.Where(e => e.Metadata.GetMetadata<IAllowAnonymous>() is null && !EndpointTable.IsPage(e) && EndpointTable.UnsafeVerbs(e).Any())
            .Where(e => !EndpointTable.IsTransport(e))
            .Where(e => !e.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy is not null))
            .Select(e => $"{string.Join(',', EndpointTable.UnsafeVerbs(e))} {EndpointTable.PathOf(e)}");

        Assert.Empty(bare);
    }

    [Fact]
    public void Pages_OfAdmins_NameTheirRole()
    {
        var pages = Components.SelectMany(c => c.GetCustomAttributes<RouteAttribute>().Select(r => (r.Template, c))).ToList();

        Assert.True(pages.Count > 10);
        Assert.All(pages.Where(p => p.Template.StartsWith("/admin", StringComparison.Ordinal)), p => Assert.Equal(Policies.Admin, p.c.GetCustomAttribute<AuthorizeAttribute>()?.Policy));
    }

    [Fact]
    public void Hubs_All_NeedASignedInUserUnlessListed()
    {
        var hubs = typeof(RroWebApplication).Assembly.GetTypes().Where(t => typeof(Hub).IsAssignableFrom(t) && !t.IsAbstract).ToList();

        Assert.NotEmpty(hubs);
        // The hub of share pages follows a link, and nobody is signed in there.
        Assert.All(hubs.Where(h => h.Name != "ShareHub"), h => Assert.NotNull(h.GetCustomAttribute<AuthorizeAttribute>()));
        Assert.All(hubs.SelectMany(h => h.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly)), m => Assert.Null(m.GetCustomAttribute<AllowAnonymousAttribute>()));
    }

    [Fact]
    public void Components_ThatAct_AskForTheRight()
    {
        var careless = Components.Where(c => Injected(c).Intersect(Acting).Any() && !Injected(c).Contains(typeof(Rights))).Select(c => c.Name).Except(OnlyRead);

        Assert.Empty(careless);
    }

    [Fact]
    public async Task Endpoints_SignedOut_GiveNothing()
    {
        using var client = fixture.CreateClient();
        foreach (var (verb, path) in Requests())
        {
            using var request = new HttpRequestMessage(verb, path);
            using var answer = await client.SendAsync(request);

            Assert.True(
                answer.StatusCode == HttpStatusCode.Unauthorized || (answer.StatusCode == HttpStatusCode.Redirect && answer.Headers.Location!.OriginalString.StartsWith("/sign-in", StringComparison.Ordinal)),
                $"{verb} {path} answers {(int)answer.StatusCode}");
        }
    }

    [Fact]
    public async Task UnsafeVerbs_AsViewer_AreForbidden()
    {
        using var client = await fixture.SignInAsAsync(UserRole.Viewer);
        var asked = 0;
        foreach (var (verb, path) in Requests().Where(r => r.Verb != HttpMethod.Get && !OwnBusiness.Contains(r.Path)))
        {
            using var request = new HttpRequestMessage(verb, path);
            using var answer = await client.SendAsync(request);
            asked++;

            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{verb} {path} answers {(int)answer.StatusCode}");
        }

        Assert.True(asked > 5);
    }

    private static IEnumerable<Type> Injected(Type component) => component.GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance)
        .Where(p => p.GetCustomAttribute<InjectAttribute>() is not null).Select(p => p.PropertyType);

    // One request for each verb of each route that can be filled in; constraints want numbers.
    private IEnumerable<(HttpMethod Verb, string Path)> Requests() =>
        from endpoint in Endpoints
        let path = EndpointTable.PathOf(endpoint)
        where !Anonymous.Contains(path) && !EndpointTable.IsTransport(endpoint) && !path.Contains('*', StringComparison.Ordinal) && !path.StartsWith("/_framework", StringComparison.Ordinal)
        let filled = EndpointTable.Fill(endpoint, _ => "1")
        from verb in EndpointTable.IsPage(endpoint) ? ["GET"] : endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        select (new HttpMethod(verb), filled);
}
