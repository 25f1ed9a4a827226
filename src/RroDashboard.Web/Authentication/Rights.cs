using System.Security.Claims;
using Microsoft.AspNetCore.Components.Authorization;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Authentication;

/// <summary>
/// What the person at a page may do. A hidden button is a courtesy; whoever acts asks here first, and the answer comes from the account as it is now and not
/// from what the page knew when it was opened.
/// </summary>
public sealed class Rights(AuthenticationStateProvider state, Sessions sessions, AuditLog audit)
{
    /// <summary>Whether they may.</summary>
    public async Task<bool> MayAsync(UserRole role) =>
        await sessions.FindAsync(await PersonAsync(), default) is { } user && user.Role >= role;

    /// <summary>Refuses who may not, and says who it is.</summary>
    /// <param name="role">The lowest role that may.</param>
    /// <param name="what">What they want to do, as "stop a run".</param>
    /// <exception cref="RefusalException">Their role does not allow it, or their session is over.</exception>
    public async Task<UserInfo> DemandAsync(UserRole role, string what)
    {
        var user = await sessions.FindAsync(await PersonAsync(), default) ?? throw new RefusalException($"You are signed out: sign in again to {what}.");
        return user.Role >= role ? user : throw new RefusalException($"Your role is {Name(user.Role)}: to {what} one has to be {Name(role)} or above.");
    }

    /// <summary>Adds a line to the audit log about what they did.</summary>
    public async Task NoteAsync(string action, string subject, string detail = "") => await audit.AddAsync(await PersonAsync(), action, subject, detail);

    private static string Name(UserRole role) => role.ToString().ToLowerInvariant();

    private async Task<ClaimsPrincipal> PersonAsync() => (await state.GetAuthenticationStateAsync()).User;
}
