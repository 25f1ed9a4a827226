using System.Globalization;
using System.Text.Json;
using Xunit.Abstractions;

namespace RroDashboard.Conformance.Tests;

/// <summary>The folder of golden cases, and counting against a threshold.</summary>
public static class Golden
{
    private const int FirstMisses = 10;

    /// <summary>RRO_GOLDEN_DIR, or shared/data/golden beside the repository; null when there is none.</summary>
    public static string? Folder { get; } =
        Environment.GetEnvironmentVariable("RRO_GOLDEN_DIR") is { Length: > 0 } named ? FromRoot(named) : Beside("golden");

    /// <summary>RRO_DATA_DIR, or shared/data beside the repository; null when there is none.</summary>
    public static string? Data { get; } =
        Environment.GetEnvironmentVariable("RRO_DATA_DIR") is { Length: > 0 } named ? FromRoot(named) : Beside("");

    /// <summary>A golden file as JSON.</summary>
    public static JsonElement Read(string file)
    {
        using var stream = File.OpenRead(PathOf(file));
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    /// <summary>Full path of a golden file.</summary>
    public static string PathOf(string file) => Path.Combine(Folder ?? throw NoFolder(), file);

    /// <summary>Full path under the data folder, for example ("webshop", "items_shuffle_1000.json").</summary>
    public static string DataPath(params string[] parts) => Path.Combine([Data ?? throw NoFolder(), .. parts]);

    /// <summary>
    /// Runs every case, prints "name: passed of all" and the first misses, and fails below <paramref name="share"/> or when
    /// there was no case. A check gives null when the case holds, else what was wrong.
    /// </summary>
    public static void Count<T>(ITestOutputHelper output, string name, IEnumerable<T> cases, Func<T, string?> check, double share = 1.0)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(check);
        var (all, misses) = (0, new List<string>());
        foreach (var one in cases)
        {
            all++;
            if (check(one) is { } wrong)
            {
                misses.Add(wrong);
            }
        }

        var line = string.Create(CultureInfo.InvariantCulture, $"{name}: {all - misses.Count} of {all}");
        output.WriteLine(line);
        Console.WriteLine(line);
        foreach (var miss in misses.Take(FirstMisses))
        {
            output.WriteLine("  " + miss);
        }

        Assert.True(all > 0, $"{name}: no case was found");
        Assert.True(all - misses.Count >= share * all, $"{line}, below {share:P0}. First: {misses.FirstOrDefault()}");
    }

    private static InvalidOperationException NoFolder() => new("no golden folder: mark the test with GoldenFact");

    // A test runs in its own output folder; people mean the repository's.
    private static string FromRoot(string path) => Root() is { } root ? Path.GetFullPath(path, root) : Path.GetFullPath(path);

    private static string? Beside(string name)
    {
        if (Root() is not { } root)
        {
            return null;
        }

        var path = Path.Combine(Path.GetDirectoryName(root) ?? root, "shared", "data", name);
        return Directory.Exists(path) ? path : null;
    }

    private static string? Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RroDashboard.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}

/// <summary>A test over one golden file; reported as skipped where the file or the data folder is not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GoldenFactAttribute : FactAttribute
{
    /// <summary>Skips without the file.</summary>
    public GoldenFactAttribute(string file)
    {
        File = file;
        // A folder that was named and is not there is a mistake, and the test says so by failing.
        if (Golden.Folder is null || Golden.Data is null || (Directory.Exists(Golden.Folder) && !System.IO.File.Exists(Golden.PathOf(file))))
        {
            Skip = $"needs {file} in RRO_GOLDEN_DIR, or in shared/data/golden beside the repository";
        }
    }

    /// <summary>Name in the golden folder.</summary>
    public string File { get; }
}
