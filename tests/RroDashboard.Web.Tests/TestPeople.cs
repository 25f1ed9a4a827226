using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace RroDashboard.Web.Tests;

/// <summary>Signed-in people of several names: who a request comes from is what its cookie "test-person" says. Only tests register it.</summary>
internal sealed class TestPeople(IHttpContextAccessor context) : IClaimsTransformation
{
    public const string CookieName = "test-person";

    public Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
    {
        if (context.HttpContext?.Request.Cookies[CookieName] is not { Length: > 0 } name || principal.Identity is not ClaimsIdentity { IsAuthenticated: true } signedIn || signedIn.HasClaim(ClaimTypes.Name, name))
        {
            return Task.FromResult(principal);
        }

        var others = signedIn.Claims.Where(c => c.Type is not (ClaimTypes.Name or ClaimTypes.NameIdentifier));
        return Task.FromResult(new ClaimsPrincipal(new ClaimsIdentity([.. others, new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.NameIdentifier, "id-" + name)], signedIn.AuthenticationType, ClaimTypes.Name, ClaimTypes.Role)));
    }
}
