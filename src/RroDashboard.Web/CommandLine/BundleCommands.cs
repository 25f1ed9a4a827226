using System.CommandLine;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Data;
using RroDashboard.Data.Bundles;
using RroDashboard.Web.Bundles;
using RroDashboard.Web.Components;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>Writes a run into a zip file, beside a dashboard that works or without one.</summary>
internal sealed class ExportCommand(CommandConsole console)
{
    private readonly Argument<string> _run = new("RUN") { Description = "Id of the run, as its address shows it." };
    private readonly Option<string?> _out = new("--out") { Description = "The zip file; rro-RUN.zip in the current folder when left out.", HelpName = "FILE" };
    private readonly Option<string> _dataFolder = CommonOptions.DataFolder();

    public Command Create()
    {
        var command = new Command("export", "Writes everything of a run into one zip file, with a manifest of hashes.") { _run, _out, _dataFolder };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var run = parsed.GetRequiredValue(_run);
        await using var services = await BundleServices.OpenAsync(parsed.GetRequiredValue(_dataFolder), mayMigrate: false, cancellation);
        var path = Path.GetFullPath(parsed.GetValue(_out) ?? BundleExport.FileName(Path.GetFileName(run)));
        // Beside its place and then moved there: a file of this name is whole.
        var draft = path + ".writing";
        try
        {
            BundleManifest manifest;
            await using (var file = new FileStream(draft, FileMode.Create, FileAccess.Write))
            {
                manifest = await services.GetRequiredService<BundleExport>().WriteAsync(run, file, cancellation);
            }

            File.Move(draft, path, overwrite: true);
            foreach (var missing in manifest.LeftOut)
            {
                await console.Error.WriteLineAsync(missing);
            }

            await console.Output.WriteLineAsync($"{path}: {manifest.Files.Count + 1} files, {Words.Bytes(new FileInfo(path).Length)}");
            return 0;
        }
        catch (Exception e) when (e is BundleException or UnauthorizedAccessException or IOException)
        {
            throw new RefusalException(e is BundleException ? e.Message : $"'{path}' cannot be written ({e.Message.TrimEnd('.')}).");
        }
        finally
        {
            // In a folder that is not there nothing was written, and deleting would hide the sentence that says so.
            if (File.Exists(draft))
            {
                File.Delete(draft);
            }
        }
    }
}

/// <summary>Reads a zip file that another dashboard has written.</summary>
internal sealed class ImportCommand(CommandConsole console)
{
    private readonly Argument<string> _file = new("FILE") { Description = "The zip file." };
    private readonly Option<string> _dataFolder = CommonOptions.DataFolder();

    public Command Create()
    {
        var command = new Command("import", "Imports a run from a zip file, verified, as one that can be read and not changed.") { _file, _dataFolder };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(parsed.GetRequiredValue(_file));
        await using var services = await BundleServices.OpenAsync(parsed.GetRequiredValue(_dataFolder), mayMigrate: true, cancellation);
        try
        {
            await using var file = File.OpenRead(path);
            var run = await services.GetRequiredService<BundleImport>().ImportAsync(file, Path.GetFileName(path), cancellation);
            await console.Output.WriteLineAsync($"Run {run} was imported; it can be read, exported and deleted, and does not go on.");
            return 0;
        }
        catch (RunImportException e)
        {
            throw new RefusalException(e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RefusalException($"'{path}' cannot be read ({e.Message.TrimEnd('.')}).");
        }
    }
}

/// <summary>The data side for a command: no server, no journal, and no hold on the folder while a dashboard has it.</summary>
internal static class BundleServices
{
    public static async Task<ServiceProvider> OpenAsync(string folder, bool mayMigrate, CancellationToken cancellation)
    {
        var options = new DashboardOptions { DataFolder = Path.GetFullPath(folder) };
        if (!mayMigrate && !File.Exists(Path.Combine(options.DataFolder, DataServices.FileName)))
        {
            throw new RefusalException($"There is no database in '{options.DataFolder}': name the folder of a dashboard with --data-dir.");
        }

        options.PrepareDataFolder();
        var services = new ServiceCollection().AddLogging().AddSingleton(options).AddSingleton(TimeProvider.System).AddRroData(options.DataFolder);
        var provider = services.AddSingleton<BundleExport>().AddSingleton<BundleImport>().BuildServiceProvider();
        try
        {
            await CheckVersionAsync(provider, options, mayMigrate, cancellation);
            return provider;
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    private static async Task CheckVersionAsync(ServiceProvider provider, DashboardOptions options, bool mayMigrate, CancellationToken cancellation)
    {
        await using var context = await provider.GetRequiredService<IDbContextFactory<RroDbContext>>().CreateDbContextAsync(cancellation);
        if (!(await context.Database.GetPendingMigrationsAsync(cancellation)).Any())
        {
            return;
        }

        try
        {
            if (mayMigrate)
            {
                await provider.MigrateRroDataAsync(cancellation);
                return;
            }
        }
        catch (DataFolderInUseException)
        {
            // A dashboard of an older version works with it; said below.
        }

        throw new RefusalException($"The database in '{options.DataFolder}' is of an older version: start this version's dashboard in it once.");
    }
}
