namespace RroDashboard.Environments.Tests;

/// <summary>Data that lie beside the repository and never in it: RRO_DATA_DIR, or ../shared/data seen from the repository's root.</summary>
internal static class SharedData
{
    public static string? Root { get; } = Find();

    public static string InterCode => Path.Combine(Root!, "intercode");

    public static string Golden(string file) => Path.Combine(Environment.GetEnvironmentVariable("RRO_GOLDEN_DIR") ?? Path.Combine(Root!, "golden"), file);

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("RRO_DATA_DIR") is { Length: > 0 } named)
        {
            return Directory.Exists(named) ? named : null;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RroDashboard.sln")))
            {
                var beside = Path.Combine(folder.FullName, "..", "shared", "data");
                return Directory.Exists(beside) ? Path.GetFullPath(beside) : null;
            }
        }

        return null;
    }
}

/// <summary>A test that reads the shared data; reported as skipped where they are absent.</summary>
internal sealed class DataFactAttribute : FactAttribute
{
    public DataFactAttribute()
    {
        if (SharedData.Root is null)
        {
            Skip = "The shared data are not here: name their folder in RRO_DATA_DIR.";
        }
    }
}

/// <summary>A theory that reads the shared data; reported as skipped where they are absent.</summary>
internal sealed class DataTheoryAttribute : TheoryAttribute
{
    public DataTheoryAttribute()
    {
        if (SharedData.Root is null)
        {
            Skip = "The shared data are not here: name their folder in RRO_DATA_DIR.";
        }
    }
}
