namespace RroDashboard.Environments.Tests;

/// <summary>
/// The data folder that is not part of the repository: RRO_DATA_DIR, or shared/data beside the repository root.
/// </summary>
public static class SharedData
{
    /// <summary>Full path, or null when there is none.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Full path of a file or folder in it.</summary>
    public static string Path(params string[] parts) =>
        System.IO.Path.Combine([Folder ?? throw new InvalidOperationException("no data folder: mark the test with DataFact"), .. parts]);

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("RRO_DATA_DIR") is { Length: > 0 } named)
        {
            return Directory.Exists(named) ? named : null;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "RroDashboard.sln")))
            {
                var beside = System.IO.Path.Combine(folder.Parent?.FullName ?? folder.FullName, "shared", "data");
                return Directory.Exists(beside) ? beside : null;
            }
        }

        return null;
    }
}

/// <summary>A test that needs the data folder; it is reported as skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DataFactAttribute : FactAttribute
{
    /// <summary>Skips without the data folder.</summary>
    public DataFactAttribute()
    {
        if (SharedData.Folder is null)
        {
            Skip = "needs the data folder: shared/data beside the repository, or RRO_DATA_DIR";
        }
    }
}

/// <summary>A theory that needs the data folder; it is reported as skipped where there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DataTheoryAttribute : TheoryAttribute
{
    /// <summary>Skips without the data folder.</summary>
    public DataTheoryAttribute()
    {
        if (SharedData.Folder is null)
        {
            Skip = "needs the data folder: shared/data beside the repository, or RRO_DATA_DIR";
        }
    }
}
