using System.Globalization;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using RroDashboard.Data;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Authentication;

/// <summary>
/// Sign-in of a program for one request: <c>Authorization: Bearer rro_...</c>. For the API, the hub and what monitors ask, not for pages. Only in a header:
/// an address ends in logs.
/// </summary>
public sealed class TokenAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, TokenStore tokens, Sessions sessions)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public const string SchemeName = "Token";

    private const string Bearer = "Bearer ";

    /// <summary>Whether a request brings a token; then no cookie counts.</summary>
    public static bool IsFor(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return request.Headers.Authorization.ToString().StartsWith(Bearer, StringComparison.OrdinalIgnoreCase);
    }

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!RroUrls.TakesTokens(Request.Path))
        {
            return AuthenticateResult.Fail("A token opens no pages.");
        }

        var used = await tokens.UseAsync(Request.Headers.Authorization.ToString()[Bearer.Length..].Trim(), Context.RequestAborted);
        if (used is not { } token || await sessions.FindAsync(token.UserId, Context.RequestAborted) is not { IsDisabled: false } user)
        {
            return AuthenticateResult.Fail("The token does not work.");
        }

        var person = Person.Of(user, Scheme.Name, token.Scope);
        ((ClaimsIdentity)person.Identity!).AddClaim(new Claim(Person.TokenClaim, token.Key.ToString(CultureInfo.InvariantCulture)));
        return AuthenticateResult.Success(new AuthenticationTicket(person, Scheme.Name));
    }
}
