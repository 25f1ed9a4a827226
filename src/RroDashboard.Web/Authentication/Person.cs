using System.Security.Claims;
using RroDashboard.Data;

namespace RroDashboard.Web.Authentication;

/// <summary>Who is signed in, as claims: the id of the account, its name, its role.</summary>
public static class Person
{
    /// <summary>Claim with the stamp of the account at sign-in; when the account has another one, the session is over.</summary>
    public const string StampClaim = "rro:stamp";

    /// <summary>Claim with the number of the API token that a program brought.</summary>
    public const string TokenClaim = "rro:token";

    /// <summary>Claim of those who have no password yet.</summary>
    public const string NoPasswordClaim = "rro:no-password";

    /// <summary>A signed-in person.</summary>
    /// <param name="user">The account.</param>
    /// <param name="scheme">How they signed in.</param>
    /// <param name="role">What they may do this time; never more than the account.</param>
    public static ClaimsPrincipal Of(UserInfo user, string scheme, UserRole? role = null)
    {
        ArgumentNullException.ThrowIfNull(user);
        var identity = new ClaimsIdentity(
            [
                new Claim(ClaimTypes.NameIdentifier, user.Id),
                new Claim(ClaimTypes.Name, user.Name),
                new Claim(ClaimTypes.Role, (role is { } limit && limit < user.Role ? limit : user.Role).ToString()),
                new Claim(StampClaim, user.Stamp),
            ],
            scheme);
        if (!user.HasPassword && scheme != ProxySignIn.SchemeName)
        {
            identity.AddClaim(new Claim(NoPasswordClaim, "1"));
        }

        return new ClaimsPrincipal(identity);
    }

    /// <summary>Id of the account; empty for someone who is not signed in.</summary>
    public static string Id(this ClaimsPrincipal person) => person.FindFirstValue(ClaimTypes.NameIdentifier) ?? "";

    /// <summary>Name of the account; empty for someone who is not signed in.</summary>
    public static string DisplayName(this ClaimsPrincipal person) => person.FindFirstValue(ClaimTypes.Name) ?? "";

    /// <summary>What they may do; null for someone who is not signed in.</summary>
    public static UserRole? Role(this ClaimsPrincipal person) => Enum.TryParse<UserRole>(person.FindFirstValue(ClaimTypes.Role), out var role) ? role : null;

    /// <summary>The proxy in front of the dashboard says who they are; they have no session and no password here.</summary>
    public static bool IsFromProxy(this ClaimsPrincipal person) => person.Identity?.AuthenticationType == ProxySignIn.SchemeName;

    /// <summary>As the owner of what they start.</summary>
    public static RunOwner Owner(this ClaimsPrincipal person) => new(person.Id(), person.DisplayName());

    /// <summary>Adds a line about what they did.</summary>
    public static Task AddAsync(this AuditLog audit, ClaimsPrincipal person, string action, string subject, string detail = "")
    {
        ArgumentNullException.ThrowIfNull(audit);
        return audit.AddAsync(person.Id(), person.DisplayName(), action, subject, detail);
    }
}
