using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace RroDashboard.Web.Tests.Remote;

/// <summary>A trainer in Python that uses the client of the documentation, in a process of its own.</summary>
internal sealed class PythonTrainer : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _said = new();
    private readonly string _script;

    /// <summary>Starts it. The script finds url, token and the state file in U, T and S.</summary>
    public PythonTrainer(string script, Uri url, string token, string state)
    {
        _script = Path.GetTempFileName();
        File.WriteAllText(_script, $"import sys, time\nsys.path.insert(0, {Quoted(Folder)})\nsys.dont_write_bytecode = True\nfrom rro_client import Run, Refused\nU, T, S = sys.argv[1:]\n" + script);
        var start = new ProcessStartInfo("python3", ["-u", _script, url.AbsoluteUri, token, state]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var name in start.Environment.Keys.Where(k => k.EndsWith("_proxy", StringComparison.OrdinalIgnoreCase)).ToList())
        {
            start.Environment.Remove(name);
        }

        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidOperationException($"python3 cannot be started ({e.Message}): install it (src/setup.sh test, or apt-get install python3), because the client for trainers elsewhere is Python.", e);
        }

        _process.OutputDataReceived += (_, e) => Add(e.Data);
        _process.ErrorDataReceived += (_, e) => Add(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static string Folder
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder.FullName, "RroDashboard.sln")))
            {
                folder = folder.Parent!;
            }

            return Path.Combine(folder.FullName, "src", "RroDashboard.Web", "Api", "client");
        }
    }

    public string Said
    {
        get
        {
            lock (_said)
            {
                return _said.ToString();
            }
        }
    }

    public async Task WaitForAsync(string words)
    {
        var watch = Stopwatch.StartNew();
        while (!Said.Contains(words, StringComparison.Ordinal))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60) && !(_process.HasExited && !Said.Contains(words, StringComparison.Ordinal)), $"The trainer did not say '{words}': {Said}");
            await Task.Delay(20);
        }
    }

    public async Task EndAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await _process.WaitForExitAsync(patience.Token);
        Assert.True(_process.ExitCode == 0, $"The trainer ended with {_process.ExitCode}: {Said}");
    }

    /// <summary>As a kill -9 does.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
        File.Delete(_script);
    }

    private static string Quoted(string text) => "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";

    private void Add(string? line)
    {
        lock (_said)
        {
            _said.AppendLine(line);
        }
    }
}
