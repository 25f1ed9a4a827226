namespace RroDashboard.Web.Hosting;

/// <summary>A run that came from another dashboard is read and not changed: what it said is what it says.</summary>
public static class ImportedRun
{
    /// <summary>Why something cannot be done with it, as one sentence.</summary>
    public static string Refusal(string runId) => $"Run '{runId}' was imported from another dashboard: it can be read and exported here, and does not go on.";
}
