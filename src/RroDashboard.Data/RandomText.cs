using System.Security.Cryptography;
using System.Text;

namespace RroDashboard.Data;

/// <summary>Names that nobody has yet, and keys that nobody can guess, with what is kept of them: the one place that makes them.</summary>
public static class RandomText
{
    /// <summary>Characters of an id: 20^10 of them.</summary>
    public const int IdLength = 10;

    /// <summary>Random bytes of a token unless its kind says otherwise: 128 bits cannot be guessed, so that a plain hash keeps it.</summary>
    public const int TokenBytes = 16;

    // Lower case without vowels (no words) and without letters and digits that look alike.
    private const string Alphabet = "bcdfghjkmnpqrstvwxz7";

    /// <summary>Makes an id of <see cref="IdLength"/> characters that is safe in an address and in a file's name.</summary>
    public static string NewId() => RandomNumberGenerator.GetString(Alphabet, IdLength);

    /// <summary>Makes a token, lower-case hex.</summary>
    /// <param name="bytes">Random bytes; two characters each.</param>
    public static string NewToken(int bytes = TokenBytes) => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(bytes));

    /// <summary>What is kept of a token: its SHA-256, lower-case hex.</summary>
    public static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
