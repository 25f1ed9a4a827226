using System.CommandLine;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.CommandLine;

/// <summary>Options that several commands have.</summary>
internal static class CommonOptions
{
    /// <summary>Where the key of an endpoint comes from: a command line is seen by everybody on the machine.</summary>
    public const string EndpointKey = "RRO_ENDPOINT_KEY";

    /// <summary>What --endpoint means.</summary>
    public const string EndpointMeans = $"Base address of an OpenAI-compatible server (vLLM, llama.cpp server), for example http://127.0.0.1:8000/v1. Its key is taken from {EndpointKey}.";

    public static Option<string> DataFolder() => new("--data-dir")
    {
        Description = "Folder of everything that is kept: database, runs, keys.",
        DefaultValueFactory = _ => DashboardOptions.DefaultDataFolder,
        HelpName = "FOLDER",
    };

    public static Option<bool> Json() => new("--json") { Description = "End with one line of JSON on the output and write nothing else there." };
}
