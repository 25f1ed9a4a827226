namespace RroDashboard.Data;

/// <summary>Another process works with the data folder. The message is one sentence for the person who started this one.</summary>
public sealed class DataFolderInUseException(string message, Exception inner) : Exception(message, inner);

/// <summary>
/// Keeps a data folder to one process: a second one would take the runs of the first for left behind, and number events twice.
/// The operating system gives it back when the process ends, however it ends.
/// </summary>
public sealed class DataFolderLock(string dataFolder) : IDisposable
{
    private FileStream? _held;

    /// <summary>Takes the folder until disposed.</summary>
    /// <exception cref="DataFolderInUseException">Another process has it.</exception>
    public void Take()
    {
        if (_held is not null)
        {
            return;
        }

        try
        {
            _held = new FileStream(Path.Combine(dataFolder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new DataFolderInUseException($"The data folder '{dataFolder}' is in use by another dashboard: stop that one or choose another folder.", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _held?.Dispose();
}
