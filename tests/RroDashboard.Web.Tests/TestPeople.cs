using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;

namespace RroDashboard.Web.Tests;

/// <summary>
/// Several people without several passwords: a signed-in request whose cookie "test-person" names somebody is that person's, with a real account of that name. A name that begins
/// with "viewer" is a viewer's, one that begins with "reviewer" a reviewer's, others are operators'. Only tests register it.
/// </summary>
internal sealed class TestPeople(IHttpContextAccessor context, AccountStore accounts) : IClaimsTransformation
{
    public const string CookieName = "test-person";

    public static async Task<Reviewer> FindAsync(AccountStore accounts, string name)
    {
        var role = name.StartsWith("viewer", StringComparison.Ordinal) ? UserRole.Viewer : name.StartsWith("reviewer", StringComparison.Ordinal) ? UserRole.Reviewer : UserRole.Operator;
        try
        {
            var user = (await accounts.FindByNameAsync(name, default))?.User ?? await accounts.CreateAsync(name, role, null, default);
            return new Reviewer(user.Id, user.Name);
        }
        catch (AccountException)
        {
            // Two requests at once made the account.
            var user = (await accounts.FindByNameAsync(name, default))!.Value.User;
            return new Reviewer(user.Id, user.Name);
        }
    }

    public async Task<ClaimsPrincipal> TransformAsync(ClaimsPrincipal principal)
    {
        if (context.HttpContext?.Request.Cookies[CookieName] is not { Length: > 0 } name || principal.Identity is not { IsAuthenticated: true } || principal.DisplayName() == name)
        {
            return principal;
        }

        var person = await FindAsync(accounts, name);
        return Person.Of((await accounts.FindAsync(person.Id, default))!, principal.Identity.AuthenticationType!);
    }
}
