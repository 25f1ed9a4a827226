namespace RroDashboard.Data;

/// <summary>The data folder cannot be used. The message is one sentence: what, where, what to do.</summary>
public sealed class DataFolderException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Where everything lies that outlives the process: the database, and one folder per run for its checkpoints.</summary>
public sealed class DataFolder
{
    /// <summary>Makes the folder (only its owner can read it) and proves that it can be written.</summary>
    /// <exception cref="DataFolderException">It cannot.</exception>
    public DataFolder(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        Path = System.IO.Path.GetFullPath(path);
        try
        {
            CreatePrivate(Path);
            var probe = System.IO.Path.Combine(Path, $".write-test-{Environment.ProcessId}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new DataFolderException($"The data folder '{Path}' cannot be written ({e.Message.TrimEnd('.')}): choose another one or change its rights.", e);
        }
    }

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>File of the database.</summary>
    public string DatabasePath => System.IO.Path.Combine(Path, "rro.db");

    /// <summary>Held by the one process that writes.</summary>
    internal string LockPath => System.IO.Path.Combine(Path, "rro.lock");

    /// <summary>Folder of a run's checkpoints; made when missing.</summary>
    public string CreateRunFolder(string runId)
    {
        var folder = RunFolder(runId);
        CreatePrivate(folder);
        return folder;
    }

    /// <summary>Folder of a run's checkpoints.</summary>
    public string RunFolder(string runId) => RunIds.IsWellFormed(runId)
        ? System.IO.Path.Combine(Path, "runs", runId)
        : throw new ArgumentException($"'{runId}' is not the id of a run.", nameof(runId));

    /// <summary>Takes the folder for this process, until disposed or until the process ends, however it ends.</summary>
    /// <exception cref="DataFolderException">Another process has it.</exception>
    internal FileStream Lock()
    {
        try
        {
            return new FileStream(LockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new DataFolderException($"The data folder '{Path}' is in use by another dashboard: stop that one or choose another folder.", e);
        }
    }

    private static void CreatePrivate(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
