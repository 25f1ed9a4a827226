using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace RroDashboard.Web.Sharing;

/// <summary>
/// What the server gives a visitor who was let in, so that neither token nor password has to be shown again: a ticket for the hub, and a pass (cookie)
/// for reloading a page that asks for a password or counts its views. Both are worth nothing once the link does not work.
/// </summary>
public sealed class ShareTickets(IDataProtectionProvider protection)
{
    private readonly ITimeLimitedDataProtector _tickets = protection.CreateProtector("share-ticket").ToTimeLimitedDataProtector();
    private readonly ITimeLimitedDataProtector _passes = protection.CreateProtector("share-pass").ToTimeLimitedDataProtector();

    /// <summary>How long an open page can follow.</summary>
    public static TimeSpan TicketLifetime { get; } = TimeSpan.FromDays(1);

    /// <summary>How long a page can be reloaded without being counted, and without its password.</summary>
    public static TimeSpan PassLifetime { get; } = TimeSpan.FromHours(12);

    /// <summary>A ticket for the hub.</summary>
    public string TicketFor(int linkId) => _tickets.Protect(Text(linkId), TicketLifetime);

    /// <summary>The link of a ticket; null when it is none, or too old.</summary>
    public int? LinkOfTicket(string? ticket) => Read(_tickets, ticket);

    /// <summary>A pass for reloading.</summary>
    public string PassFor(int linkId) => _passes.Protect(Text(linkId), PassLifetime);

    /// <summary>Whether a pass lets into a link.</summary>
    public bool IsPass(string? pass, int linkId) => Read(_passes, pass) == linkId;

    private static string Text(int linkId) => linkId.ToString(CultureInfo.InvariantCulture);

    private static int? Read(ITimeLimitedDataProtector protector, string? text)
    {
        if (text is null or { Length: > 2000 })
        {
            return null;
        }

        try
        {
            return int.TryParse(protector.Unprotect(text), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
