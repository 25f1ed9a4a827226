using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using RroDashboard.Data;
using RroDashboard.Training;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>One line of <c>doctor</c>.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Fine">Whether it will do.</param>
/// <param name="Needed">Whether the exit code tells when it will not.</param>
/// <param name="Text">What was found.</param>
public sealed record Finding(string Name, bool Fine, bool Needed, string Text);

/// <summary>Looks at everything a run needs and says what is missing.</summary>
internal sealed class DoctorCommand(CommandConsole console, Hosting.ITrainingRunner? runner)
{
    /// <summary>Below this a run can end for want of space: database, checkpoints and their copies.</summary>
    private const long LeastFreeBytes = 500_000_000;

    private readonly Option<string> _dataFolder = CommonOptions.DataFolder();
    private readonly Option<bool> _json = CommonOptions.Json();

    public Command Create()
    {
        var command = new Command("doctor", "Looks at versions, engine, processor, memory, GPU, disk and database; exits with 1 when something needed is missing.") { _dataFolder, _json };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(_dataFolder));
        List<Finding> findings =
        [
            Versions(),
            new("processor", true, false, $"{Environment.ProcessorCount} cores, {RuntimeInformation.ProcessArchitecture}"),
            Memory(),
            Engine(),
            await GpuAsync(cancellation),
            Devices(),
            DataFolder(folder),
            Disk(folder),
            await DatabaseAsync(folder, cancellation),
        ];
        if (parsed.GetValue(_json))
        {
            await console.Output.WriteLineAsync(JsonSerializer.Serialize(findings, JsonSerializerOptions.Web));
        }
        else
        {
            foreach (var finding in findings)
            {
                var word = finding.Fine ? "ok" : finding.Needed ? "MISSING" : "note";
                await console.Output.WriteLineAsync($"{word,-8} {finding.Name,-14} {finding.Text}");
            }
        }

        return findings.All(f => f.Fine || !f.Needed) ? 0 : 1;
    }

    private static Finding Versions()
    {
        var own = typeof(DoctorCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        return new("versions", true, true, $"RroDashboard {own}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}");
    }

    private Finding Engine() => runner switch
    {
        null => new("engine", false, true, "This program was built without its training part."),
        { WhyNot: { } reason } => new("engine", false, true, reason),
        _ => new("engine", true, true, TensorEngine.Description + TensorEngine.Speed),
    };

    // nvidia-smi sees cards that a libtorch built for the processor cannot use.
    private Finding Devices() => runner is { WhyNot: null }
        ? TensorEngine.MissingOperators is { Count: > 0 } missing
            ? new("operators", false, true, $"this libtorch lacks {string.Join(", ", missing)}: models that need them fail")
            : new("tensor devices", true, false, TensorEngine.Devices)
        : new("tensor devices", true, false, "none: the engine is not loaded");

    private static async Task<Finding> DatabaseAsync(string folder, CancellationToken cancellation)
    {
        var file = Path.Combine(folder, DataServices.FileName);
        if (!File.Exists(file))
        {
            return new("database", true, false, "none yet; the first start makes it");
        }

        try
        {
            var problem = await DatabaseCheck.RunAsync(file, cancellation);
            return problem is null
                ? new("database", true, true, $"{file} is whole")
                : new("database", false, true, $"{file} is damaged: {problem}");
        }
        catch (Microsoft.Data.Sqlite.SqliteException e)
        {
            return new("database", false, true, $"{file} cannot be read: {e.Message}");
        }
    }

    private static Finding Memory()
    {
        var memory = GC.GetGCMemoryInfo();
        return new("memory", true, false, string.Create(CultureInfo.InvariantCulture, $"{memory.TotalAvailableMemoryBytes / 1e9:0.0} GB for this process"));
    }

    // nvidia-smi is part of every NVIDIA driver; a machine without it has no GPU that the engine could use.
    private static async Task<Finding> GpuAsync(CancellationToken cancellation)
    {
        var start = new System.Diagnostics.ProcessStartInfo("nvidia-smi", ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = System.Diagnostics.Process.Start(start)!;
            var text = await process.StandardOutput.ReadToEndAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(10), cancellation);
            await process.WaitForExitAsync(cancellation).WaitAsync(TimeSpan.FromSeconds(10), cancellation);
            return process.ExitCode == 0
                ? new("gpu", true, false, text.Trim().ReplaceLineEndings("; "))
                : new("gpu", true, false, "none: nvidia-smi finds no device; the engine computes on the processor");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return new("gpu", true, false, "none; the engine computes on the processor");
        }
        catch (TimeoutException)
        {
            return new("gpu", false, false, "nvidia-smi does not answer");
        }
    }

    private static Finding DataFolder(string folder)
    {
        try
        {
            new DashboardOptions { DataFolder = folder }.PrepareDataFolder();
            return new("data folder", true, true, $"{folder} can be written");
        }
        catch (RefusalException e)
        {
            return new("data folder", false, true, e.Message);
        }
    }

    private static Finding Disk(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return new("disk", false, true, $"{folder} is not there");
        }

        var free = new DriveInfo(folder).AvailableFreeSpace;
        return new("disk", free >= LeastFreeBytes, true, string.Create(CultureInfo.InvariantCulture, $"{free / 1e9:0.0} GB free (at least {LeastFreeBytes / 1e9:0.0} GB wanted)"));
    }
}
