namespace RroDashboard.Web.Components;

/// <summary>What a person is told before a run is stopped.</summary>
public static class StopWords
{
    /// <summary>Of a run that this program trains.</summary>
    public const string Own = "It ends before its next update. Everything that was sampled and measured stays.";

    /// <summary>Of a run whose trainer is elsewhere.</summary>
    public const string Remote = "Its trainer reads in the answer to its next word that it is to stop; whether it does is up to it. Everything that it said stays.";
}
