using System.Globalization;
using RroDashboard.Data;

namespace RroDashboard.Web.Authentication;

/// <summary>
/// One-time sign-in links. Each is a file in a folder that only the user can read: its name is the SHA-256 of the token, its
/// content the time it expires. Files, because the command <c>link</c> runs in another process than the server. Using a link
/// is a rename, which the operating system lets only one caller win.
/// </summary>
/// <param name="folder">Made when missing.</param>
/// <param name="time">Decides what has expired.</param>
public sealed class SignInLinks(string folder, TimeProvider time)
{
    /// <summary>128 random bits: cannot be guessed.</summary>
    public const int TokenBytes = RandomText.TokenBytes;

    /// <summary>Folder of the links in a data folder.</summary>
    public static string FolderIn(string dataFolder) => Path.Combine(dataFolder, "sign-in");

    /// <summary>Makes a link.</summary>
    /// <param name="lifetime">Time until it is worthless.</param>
    /// <param name="userId">Whom it signs in; null for the first admin, whoever that is.</param>
    /// <returns>The token, lower-case hex. It is not kept anywhere.</returns>
    public string Create(TimeSpan lifetime, string? userId = null)
    {
        Configuration.DashboardOptions.PrepareFolder(folder, "The folder of sign-in links");
        RemoveExpired();
        var token = RandomText.NewToken(TokenBytes);
        var expires = time.GetUtcNow().Add(lifetime).ToUnixTimeSeconds();
        File.WriteAllText(FileOf(token), string.Create(CultureInfo.InvariantCulture, $"{expires} {userId}"));
        return token;
    }

    /// <summary>Uses a link up. True once for a token that was made and has not expired; false ever after.</summary>
    public bool Redeem(string? token) => Redeem(token, out _);

    /// <summary>Uses a link up.</summary>
    /// <param name="token">As it stood in the link.</param>
    /// <param name="userId">Whom it signs in; null for the first admin.</param>
    public bool Redeem(string? token, out string? userId)
    {
        userId = null;
        if (token is not { Length: TokenBytes * 2 } || !token.All(char.IsAsciiHexDigitLower))
        {
            return false;
        }

        // The claim has a name of its own, so two requests with one token cannot both find their file.
        var claimed = Path.Combine(folder, $"claimed-{Guid.NewGuid():N}");
        try
        {
            File.Move(FileOf(token), claimed);
        }
        catch (IOException)
        {
            return false; // no such link, or another request was first
        }

        var kept = File.ReadAllText(claimed).Split(' ');
        File.Delete(claimed);
        userId = kept.Length > 1 && kept[1].Length > 0 ? kept[1] : null;
        return time.GetUtcNow().ToUnixTimeSeconds() < long.Parse(kept[0], CultureInfo.InvariantCulture);
    }

    private string FileOf(string token) =>
        Path.Combine(folder, RandomText.HashOf(token));

    private void RemoveExpired()
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        foreach (var file in Directory.EnumerateFiles(folder))
        {
            try
            {
                if (!long.TryParse(File.ReadAllText(file).Split(' ')[0], CultureInfo.InvariantCulture, out var expires) || expires <= now)
                {
                    File.Delete(file);
                }
            }
            catch (FileNotFoundException)
            {
                // Used up between listing and reading: that is what we wanted.
            }
        }
    }
}
