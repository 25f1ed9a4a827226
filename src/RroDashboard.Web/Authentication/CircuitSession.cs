using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;

namespace RroDashboard.Web.Authentication;

/// <summary>A page that stays open asks now and then whether its session still holds; when it does not, the page is signed out where it stands.</summary>
public sealed class CircuitSession(ILoggerFactory loggers, Sessions sessions) : RevalidatingServerAuthenticationStateProvider(loggers)
{
    /// <inheritdoc/>
    protected override TimeSpan RevalidationInterval => Sessions.Late;

    /// <inheritdoc/>
    protected override async Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(authenticationState);
        return await sessions.FindAsync(authenticationState.User, cancellationToken) is not null;
    }
}
