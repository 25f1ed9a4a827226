namespace RroDashboard.Web.Bundles;

/// <summary>The text that lies in every bundle.</summary>
internal static class BundleReadme
{
    public const string Text =
        """
        This zip holds everything of one training run of RroDashboard. Nothing in it is executable, and nothing but a zip program is needed to read it.

        manifest.json        every file with its size and SHA-256; "leftOut" says what the run names and is not here
        run.json             the run: id, name, how it ended, results
        config.json          preset and every setting, as POST /api/v1/runs takes them
        events.jsonl         everything the run said, in order: {"seq", "kind", "at", "event"}; kinds that begin with "setAside." no longer count
        metrics.csv          series, step, value; a quote mark before a series' name only keeps spreadsheets from reading a formula
        trajectories.jsonl   one walk a line: what was asked, the followed action of each step, what it was worth, and why it was followed
        ledger.jsonl         every candidate, decision and pair of the exploration; its SHA-256 is the run's ledgerSha256
        pairs.jsonl          preference pairs for TRL: conversational, with an explicit prompt
        events.out.tfevents  the same metrics for TensorBoard: tensorboard --logdir FOLDER
        checkpoints/         weights as safetensors, sizes and vocabulary as JSON

        src/run.sh import FILE.zip opens it in another dashboard, as a run that can be read and not changed.

        """;
}
