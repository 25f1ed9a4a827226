using Microsoft.AspNetCore.Authorization;
using RroDashboard.Data;

namespace RroDashboard.Web.Authentication;

/// <summary>Names of the policies: one for each role, which it and the roles above it fulfil.</summary>
public static class Policies
{
    /// <summary>May look at everything. What names no policy needs this one.</summary>
    public const string Viewer = "viewer";

    /// <summary>May answer review queues, and note and name things.</summary>
    public const string Reviewer = "reviewer";

    /// <summary>May start, stop, resume and delete runs.</summary>
    public const string Operator = "operator";

    /// <summary>May do everything: users, tokens, links, settings.</summary>
    public const string Admin = "admin";

    /// <summary>The policy of a role.</summary>
    public static string Of(UserRole role) => role switch
    {
        UserRole.Viewer => Viewer,
        UserRole.Reviewer => Reviewer,
        UserRole.Operator => Operator,
        _ => Admin,
    };

    /// <summary>Adds them, and makes the lowest one the rule for everything that names none.</summary>
    public static void AddRolePolicies(this IServiceCollection services)
    {
        var builder = services.AddAuthorizationBuilder();
        foreach (var role in Enum.GetValues<UserRole>())
        {
            builder.AddPolicy(Of(role), AtLeast(role));
        }

        builder.SetDefaultPolicy(AtLeast(UserRole.Viewer)).SetFallbackPolicy(AtLeast(UserRole.Viewer));
    }

    private static AuthorizationPolicy AtLeast(UserRole role) => new AuthorizationPolicyBuilder()
        .RequireAuthenticatedUser().RequireRole(Enum.GetValues<UserRole>().Where(r => r >= role).Select(r => r.ToString())).Build();
}
