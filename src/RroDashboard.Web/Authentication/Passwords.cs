using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using RroDashboard.Data;

namespace RroDashboard.Web.Authentication;

/// <summary>Passwords, hashed by ASP.NET Core Identity (PBKDF2 with HMAC-SHA512 and a salt of its own for each).</summary>
public sealed class Passwords
{
    /// <summary>Shortest password. Length is the only rule: others make people write them down.</summary>
    public const int MinLength = 10;

    /// <summary>Longest password, so that hashing one costs no more than it should.</summary>
    public const int MaxLength = 200;

    /// <summary>Rounds of the hash: OWASP's advice for HMAC-SHA512 of 2023.</summary>
    public const int Iterations = 210_000;

    private readonly PasswordHasher<string> _hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    private readonly Lazy<string> _nobody;

    /// <summary>Makes nothing yet.</summary>
    public Passwords() => _nobody = new(() => _hasher.HashPassword("", RandomText.HashOf("nobody")));

    /// <summary>The hash of a password that is allowed.</summary>
    /// <exception cref="AccountException">Too short or too long.</exception>
    public string Hash(string? password) => (password ?? "").Length is >= MinLength and <= MaxLength
        ? _hasher.HashPassword("", password!)
        : throw new AccountException($"A password has {MinLength} to {MaxLength} characters; this one has {(password ?? "").Length}.");

    /// <summary>Whether a password fits. It takes as long for an account that has none, or is none, as for one that has.</summary>
    public bool Fits(string? hash, string? password)
    {
        var given = password is { Length: <= MaxLength } ? password : "";
        return (_hasher.VerifyHashedPassword("", hash ?? _nobody.Value, given) != PasswordVerificationResult.Failed) & (hash is not null) & (password is { Length: <= MaxLength });
    }
}
