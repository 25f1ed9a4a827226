using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace RroDashboard.Web.Authentication;

/// <summary>
/// A sentence that goes to the next page through its address after a form was refused. Sealed, so that nobody can make a link on which our page says what
/// they want.
/// </summary>
public sealed class SealedMessage(IDataProtectionProvider protection)
{
    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("RroDashboard.SealedMessage").ToTimeLimitedDataProtector();

    /// <summary>How long the page says it when it is loaded again.</summary>
    public static TimeSpan Lifetime { get; } = TimeSpan.FromMinutes(10);

    /// <summary>For an address.</summary>
    public string Seal(string message) => Uri.EscapeDataString(_protector.Protect(message, Lifetime));

    /// <summary>From an address; null when it is none of ours or is old.</summary>
    public string? Open(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        try
        {
            return _protector.Unprotect(text);
        }
        catch (CryptographicException)
        {
            // Not ours, or too old: nothing to say.
            return null;
        }
    }
}
