using System.CommandLine;
using System.Reflection;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>Serves the dashboard until it is stopped.</summary>
internal sealed class ServeCommand(CommandConsole console)
{
    private readonly Option<string> _url = new("--url")
    {
        Description = "Address and port to listen on; port 0 takes a free one.",
        DefaultValueFactory = _ => DashboardOptions.DefaultUrl,
        HelpName = "URL",
    };

    private readonly Option<string> _dataFolder = CommonOptions.DataFolder();
    private readonly Option<bool> _noDemo = new("--no-demo") { Description = "Do not start the built-in demo run in an empty database." };
    private readonly Option<bool> _unsafe = new(DashboardOptions.UnsafeFlag)
    {
        Description = "Listen on an address that others can reach, although passwords go over plain http.",
    };

    private readonly Option<bool> _formerUnsafe = new(DashboardOptions.FormerUnsafeFlag) { Hidden = true };

    public Command Create()
    {
        var command = new Command("serve", "Serves the dashboard (the default).");
        AddTo(command);
        return command;
    }

    public void AddTo(Command command)
    {
        command.Add(_url);
        command.Add(_dataFolder);
        command.Add(_noDemo);
        command.Add(_unsafe);
        command.Add(_formerUnsafe);
        command.SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = new DashboardOptions
        {
            Url = parsed.GetRequiredValue(_url),
            DataFolder = Path.GetFullPath(parsed.GetRequiredValue(_dataFolder)),
            StartDemo = !parsed.GetValue(_noDemo),
            UnsafePlainHttp = parsed.GetValue(_unsafe) || parsed.GetValue(_formerUnsafe),
        };
        await using var server = new RroWebApplication(options);
        await server.StartAsync(cancellation);

        var version = typeof(ServeCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        await console.Output.WriteLineAsync($"RroDashboard {version} on {server.Url}, data in {options.DataFolder}");
        await console.Output.WriteLineAsync($"Sign in with this link (works once, for {options.SignInLinkLifetime.TotalHours:0} hours):");
        await console.Output.WriteLineAsync($"  {server.CreateSignInLink()}");
        await console.Output.WriteLineAsync("For another browser print another one: src/run.sh link. Ctrl+C stops the dashboard.");
        await console.Output.FlushAsync(cancellation);
        await server.App.WaitForShutdownAsync(cancellation);
        return 0;
    }
}
