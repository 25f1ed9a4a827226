using System.CommandLine;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.CommandLine;

/// <summary>Prints another sign-in link for the server that uses this data folder.</summary>
internal sealed class LinkCommand(CommandConsole console)
{
    private readonly Option<string> _dataFolder = CommonOptions.DataFolder();

    public Command Create()
    {
        var command = new Command("link", "Prints a one-time sign-in link for another browser; the dashboard keeps running.") { _dataFolder };
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = new DashboardOptions { DataFolder = Path.GetFullPath(parsed.GetRequiredValue(_dataFolder)) };
        var urlFile = RroWebApplication.UrlFile(options.DataFolder);
        if (!File.Exists(urlFile))
        {
            throw new RefusalException($"No dashboard has served from '{options.DataFolder}' yet: start it with src/run.sh, or name its folder with --data-dir.");
        }

        var url = (await File.ReadAllTextAsync(urlFile, cancellation)).Trim();
        var token = new SignInLinks(SignInLinks.FolderIn(options.DataFolder), TimeProvider.System).Create(options.SignInLinkLifetime);
        await console.Output.WriteLineAsync(RroUrls.SignInLink(url, token));
        return 0;
    }
}
