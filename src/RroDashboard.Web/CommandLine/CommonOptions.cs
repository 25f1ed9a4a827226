using System.CommandLine;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    public static Option<string> DataFolder() => new("--data-dir")
    {
        Description = "Folder of everything that is kept: database, runs, keys.",
        DefaultValueFactory = _ => DashboardOptions.DefaultDataFolder,
        HelpName = "FOLDER",
    };

    public static Option<bool> Json() => new("--json") { Description = "End with one line of JSON on the output and write nothing else there." };
}
