using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.SignalR;
using RroDashboard.Data;
using RroDashboard.Web.Sharing;

namespace RroDashboard.Web.Hubs;

/// <summary>
/// Follows shared pages, for people without an account. It takes one thing, the ticket that a shared page carries, and gives one thing, the parts of that
/// page when they change ("sections") and the word that the link works no more ("closed"). There are no runs, events or groups to ask for.
/// </summary>
[AllowAnonymous]
public sealed class ShareHub(ShareFeed feed, ShareTickets tickets, ShareLinks links, TimeProvider time) : Hub
{
    /// <summary>Begins to follow the page of a ticket.</summary>
    /// <exception cref="HubException">The ticket or its link does not work any more, or too many people follow.</exception>
    public async Task Follow(string ticket)
    {
        if (tickets.LinkOfTicket(ticket) is not { } id
            || await links.FindAsync(id, Context.ConnectionAborted) is not { } link
            || !link.WorksAt(time.GetUtcNow().UtcDateTime))
        {
            throw new HubException("closed");
        }

        if (feed.Add(Context, link) is { } refusal)
        {
            throw new HubException(refusal);
        }
    }

    /// <inheritdoc/>
    public override Task OnDisconnectedAsync(Exception? exception)
    {
        feed.Remove(Context.ConnectionId);
        return base.OnDisconnectedAsync(exception);
    }
}
