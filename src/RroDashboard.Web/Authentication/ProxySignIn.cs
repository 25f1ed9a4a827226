using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Security;

namespace RroDashboard.Web.Authentication;

/// <summary>Signs in whom a trusted proxy names in a header, request by request; there is no session of ours, so what the proxy ends is over at once.</summary>
public sealed class ProxySignIn(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, ProxyOptions proxy, ProxyPeople people)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public const string SchemeName = "Proxy";

    /// <summary>Value of <c>refused</c> on the sign-in page for someone whom the proxy names and the dashboard does not let in.</summary>
    public const string Refused = "proxy";

    /// <summary>Whether a request carries the header and comes from a trusted address; from any other one the header is as if it were not there.</summary>
    public static bool IsFor(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var proxy = context.RequestServices.GetRequiredService<ProxyOptions>();
        return proxy.SignInHeader is { } header && context.Request.Headers.ContainsKey(header) && proxy.IsTrusted(context.Features.Get<Peer>()?.Address);
    }

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var values = Request.Headers[proxy.SignInHeader!];
        if (values.Count != 1 || values[0]!.Contains(',', StringComparison.Ordinal))
        {
            // A proxy that adds its header to the one that the browser sent, in place of replacing it, would let everyone choose.
            return Fail("the header names more than one: the proxy has to replace the browser's header and not to add its own");
        }

        try
        {
            var user = await people.FindAsync(values[0] ?? "", Context.RequestAborted);
            return user.IsDisabled
                ? Fail($"the account {user.Id} is shut out")
                : AuthenticateResult.Success(new AuthenticationTicket(Person.Of(user, SchemeName), SchemeName));
        }
        catch (AccountException e)
        {
            return Fail(e.Message);
        }
    }

    /// <inheritdoc/>
    protected override Task HandleChallengeAsync(AuthenticationProperties properties) =>
        SignInEndpoints.AnswerAsync(Context, StatusCodes.Status401Unauthorized, $"{RroUrls.SignIn}?refused={Refused}");

    /// <inheritdoc/>
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => SignInEndpoints.AnswerAsync(Context, StatusCodes.Status403Forbidden, RroUrls.Denied);

    private AuthenticateResult Fail(string why)
    {
        Logger.LogWarning("The proxy's sign-in was refused: {Why}", why);
        return AuthenticateResult.Fail(why);
    }
}
