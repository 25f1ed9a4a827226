using System.CommandLine;
using RroDashboard.Data;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>Writes a copy of the database, also while the dashboard works.</summary>
internal sealed class BackupCommand(CommandConsole console)
{
    private readonly Option<string> _dataFolder = CommonOptions.DataFolder();
    private readonly Option<string> _out = new("--out") { Description = "File to write; it must not exist.", Required = true, HelpName = "FILE" };

    public Command Create()
    {
        var command = new Command("backup", "Writes a copy of the database to a file; the dashboard keeps running. Checkpoints stay in the folder 'runs'.") { _dataFolder, _out };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        try
        {
            var target = Path.GetFullPath(parsed.GetRequiredValue(_out));
            var bytes = await DatabaseBackup.WriteAsync(Path.Combine(Path.GetFullPath(parsed.GetRequiredValue(_dataFolder)), DataServices.FileName), target, cancellation);
            await console.Output.WriteLineAsync($"{target} ({Words.Bytes(bytes)})");
            return 0;
        }
        catch (BackupException e)
        {
            throw new RefusalException(e.Message);
        }
    }
}

/// <summary>Puts a backup in the place of the database. Not while the dashboard works: its pages would show what is no longer there.</summary>
internal sealed class RestoreCommand(CommandConsole console, TimeProvider time)
{
    private readonly Option<string> _dataFolder = CommonOptions.DataFolder();
    private readonly Argument<string> _file = new("file") { Description = "As 'backup' wrote it." };

    public Command Create()
    {
        var command = new Command("restore", "Puts a backup in the place of the database, which is kept beside it; stop the dashboard first.") { _file, _dataFolder };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = new DashboardOptions { DataFolder = Path.GetFullPath(parsed.GetRequiredValue(_dataFolder)) };
        options.PrepareDataFolder();
        using var held = new DataFolderLock(options.DataFolder);
        try
        {
            held.Take();
            var database = Path.Combine(options.DataFolder, DataServices.FileName);
            var kept = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{database}.before-{time.GetUtcNow():yyyyMMdd-HHmmss}");
            await DatabaseBackup.RestoreAsync(Path.GetFullPath(parsed.GetRequiredValue(_file)), database, kept, cancellation);
            await console.Output.WriteLineAsync(File.Exists(kept) ? $"Restored. What was there before is {kept}" : "Restored.");
            return 0;
        }
        catch (Exception e) when (e is BackupException or DataFolderInUseException)
        {
            throw new RefusalException(e.Message);
        }
    }
}
