using System.Net;

namespace RroDashboard.Web.Configuration;

/// <summary>How the dashboard serves. The command line fills it; the defaults are what most people want.</summary>
public sealed class DashboardOptions
{
    /// <summary>Loopback: whoever can reach the port must already be on this machine.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";

    /// <summary>Spelled out so that nobody types it by accident.</summary>
    public const string UnsafeFlag = "--unsafe-plain-http";

    /// <summary>Name of <see cref="UnsafeFlag"/> from before there were accounts: still taken, and told to nobody.</summary>
    public const string FormerUnsafeFlag = "--unsafe-listen-without-accounts";

    /// <summary>Where to listen: one http address with a port; port 0 takes a free one.</summary>
    public string Url { get; init; } = DefaultUrl;

    /// <summary>Folder of everything that is kept: database, runs, keys, sign-in links. Made with mode 0700.</summary>
    public string DataFolder { get; init; } = DefaultDataFolder;

    /// <summary>In an empty database start the built-in demo run, so that the first page moves.</summary>
    public bool StartDemo { get; init; } = true;

    /// <summary>
    /// Listen on an address other than loopback although the server speaks plain http: whoever can listen in reads passwords. Everybody has to sign in all
    /// the same. For a container, whose port is published to the loopback of its host.
    /// </summary>
    public bool UnsafePlainHttp { get; init; }

    /// <summary>A web server in front of the dashboard; null: as the configuration says.</summary>
    public ProxyOptions? Proxy { get; init; }

    /// <summary>Where numbers and traces are sent; null: as the configuration says.</summary>
    public TelemetryOptions? Telemetry { get; init; }

    /// <summary>A link that is not used within this time is worthless: long enough to walk to another machine.</summary>
    public TimeSpan SignInLinkLifetime { get; init; } = TimeSpan.FromHours(12);

    /// <summary>A browser that was not seen for this time has to sign in again.</summary>
    public TimeSpan SessionLifetime { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Requests of the API that a person, or an address, may make in a minute: twenty a second.</summary>
    public int ApiRequestsPerMinute { get; init; } = 1200;

    /// <summary>The user's data folder by the rules of the operating system (XDG on Linux).</summary>
    public static string DefaultDataFolder => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
        "rrodashboard");

    /// <summary>Folder of a run's checkpoints. The id is ours, never a request's.</summary>
    public string RunFolder(string runId) => Path.Combine(DataFolder, "runs", runId);

    /// <summary>The folder of a checkpoint within its run's. The name may come from an imported file: only its last part counts.</summary>
    public string CheckpointFolder(string runId, Core.Events.CheckpointSaved saved)
    {
        ArgumentNullException.ThrowIfNull(saved);
        return Path.Combine(RunFolder(runId), Path.GetFileName(saved.Folder));
    }

    /// <summary>Checks everything that can be known before the start.</summary>
    /// <exception cref="RefusalException">The first thing that is wrong.</exception>
    public void Validate()
    {
        if (!Uri.TryCreate(Url, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttp || uri.PathAndQuery != "/")
        {
            throw new RefusalException($"--url '{Url}' is not allowed: it must be http, an address and a port, for example {DefaultUrl}.");
        }

        if (!IsLoopback(uri) && !UnsafePlainHttp)
        {
            throw new RefusalException(
                $"--url '{Url}' is not a loopback address, and passwords would go over plain http: listen on {DefaultUrl} and forward the port (ssh -L), or add {UnsafeFlag} if only trusted people can reach it.");
        }
    }

    /// <summary>Makes the data folder and proves that it can be written.</summary>
    /// <exception cref="RefusalException">It cannot.</exception>
    public void PrepareDataFolder() => PrepareFolder(DataFolder, "The data folder");

    internal static void PrepareFolder(string folder, string what)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
            }
            else
            {
                Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            var probe = Path.Combine(folder, $".write-test-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new RefusalException($"{what} '{folder}' cannot be written ({e.Message.TrimEnd('.')}): choose another one or change its rights.");
        }
    }

    internal static bool IsLoopback(Uri uri) =>
        uri.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
