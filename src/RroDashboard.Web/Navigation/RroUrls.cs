using System.Globalization;

namespace RroDashboard.Web.Navigation;

/// <summary>Every URL of the dashboard. Nothing else spells one.</summary>
public static class RroUrls
{
    /// <summary>List of runs.</summary>
    public const string Runs = "/";

    /// <summary>Form for a new run.</summary>
    public const string NewRun = "/runs/new";

    /// <summary>Takes the bundle of a run from another dashboard.</summary>
    public const string ImportRun = "/runs/import";

    /// <summary>Tasks, and playing one by hand.</summary>
    public const string Environments = "/environments";

    /// <summary>Several runs beside each other.</summary>
    public const string ComparePage = "/compare";

    /// <summary>The run that was added last, whichever it is: a link that stays.</summary>
    public const string LatestRun = "/runs/latest";

    /// <summary>Route of a run's page.</summary>
    public const string RunRoute = "/runs/{RunId}";

    /// <summary>Queues that people answer.</summary>
    public const string Review = "/review";

    /// <summary>Sign-in page; the link that is printed leads here.</summary>
    public const string SignIn = "/sign-in";

    /// <summary>Takes the token of a sign-in link.</summary>
    public const string RedeemLink = "/sign-in/redeem";

    /// <summary>Takes name and password.</summary>
    public const string SignInByPassword = "/sign-in/password";

    /// <summary>Page on which an invitation becomes an account.</summary>
    public const string Invitation = "/invitation";

    /// <summary>Takes name and password of someone who was invited.</summary>
    public const string AcceptInvitation = "/invitation/accept";

    /// <summary>Own name and password.</summary>
    public const string Account = "/account";

    /// <summary>Ends the sessions of a person in every browser.</summary>
    public const string SignOutEverywhere = "/account/sign-out-everywhere";

    /// <summary>Shown to someone whose role does not allow a page.</summary>
    public const string Denied = "/denied";

    /// <summary>Own API tokens.</summary>
    public const string OwnTokens = "/account/tokens";

    /// <summary>API tokens of everyone.</summary>
    public const string AdminTokens = "/admin/tokens";

    /// <summary>What the API can do, as an OpenAPI document.</summary>
    public const string OpenApi = "/openapi/v1.json";

    /// <summary>Numbers of the server as Prometheus text.</summary>
    public const string Metrics = "/metrics";

    /// <summary>Who did what.</summary>
    public const string AdminAudit = "/admin/audit";

    /// <summary>Numbers of the server, its database, old runs.</summary>
    public const string AdminServer = "/admin/server";

    /// <summary>People and invitations.</summary>
    public const string AdminUsers = "/admin/users";

    /// <summary>Ends the session of this browser.</summary>
    public const string SignOut = "/sign-out";

    /// <summary>Shown for an unknown address.</summary>
    public const string NotFound = "/not-found";

    /// <summary>Shown when a page failed.</summary>
    public const string Error = "/error";

    /// <summary>Hub that the run page follows.</summary>
    public const string RunHub = "/hubs/runs";

    /// <summary>Hub that shared pages follow.</summary>
    public const string ShareHub = "/hubs/share";

    /// <summary>List of reports.</summary>
    public const string Reports = "/reports";

    /// <summary>Every share link.</summary>
    public const string Links = "/links";

    /// <summary>Route of a shared page.</summary>
    public const string ShareRoute = "/s/{token}";

    /// <summary>The process answers.</summary>
    public const string HealthLive = "/health/live";

    /// <summary>The database answers.</summary>
    public const string HealthReady = "/health/ready";

    /// <summary>Name of the query parameter of <see cref="SignIn"/> and form field of <see cref="RedeemLink"/>.</summary>
    public const string TokenParameter = "token";

    /// <summary>Paths that programs ask, which want a status and not a page.</summary>
    public static bool IsForScripts(PathString path) =>
        path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/hubs", StringComparison.OrdinalIgnoreCase)
        || path.StartsWithSegments("/_blazor", StringComparison.OrdinalIgnoreCase)
        || path == Metrics || path == OpenApi;

    /// <summary>Paths that programs ask with a token.</summary>
    public static bool TakesTokens(PathString path) =>
        path.StartsWithSegments("/api", StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments(RunHub, StringComparison.OrdinalIgnoreCase)
        || path == Metrics || path == OpenApi;

    /// <summary>Page of a run.</summary>
    public static string Run(string runId) => $"/runs/{Uri.EscapeDataString(runId)}";

    /// <summary>One walk of a run.</summary>
    public static string Walk(string runId, int task) => string.Create(CultureInfo.InvariantCulture, $"{Run(runId)}/tasks/{task}");

    /// <summary>Preference pairs of a run.</summary>
    public static string Pairs(string runId) => $"{Run(runId)}/pairs";

    /// <summary>What was explored in a run: its walks, and where rewards rise and fall.</summary>
    public static string Explore(string runId) => $"{Run(runId)}/explore";

    /// <summary>Held-out evaluation of a run, task by task.</summary>
    public static string Evaluation(string runId) => $"{Run(runId)}/evaluation";

    /// <summary>One held-out task: what both models did.</summary>
    public static string EvaluationTask(string runId, int task, string decoding, string view = "") => string.Create(
        CultureInfo.InvariantCulture, $"{Evaluation(runId)}/tasks/{task}?decoding={Uri.EscapeDataString(decoding)}{(view.Length > 0 ? "&view=" + Uri.EscapeDataString(view) : "")}");

    /// <summary>The same with what is shown of the tasks.</summary>
    public static string EvaluationWith(string runId, string decoding, string show, string sort, int page) => string.Create(
        CultureInfo.InvariantCulture, $"{Evaluation(runId)}?decoding={Uri.EscapeDataString(decoding)}&show={Uri.EscapeDataString(show)}&sort={Uri.EscapeDataString(sort)}&page={page}");

    /// <summary>Log and alerts of a run.</summary>
    public static string Logs(string runId) => $"{Run(runId)}/logs";

    /// <summary>Settings and files of a run.</summary>
    public static string Settings(string runId) => $"{Run(runId)}/settings";

    /// <summary>Load of the machine while a run works.</summary>
    public static string SystemLoad(string runId) => $"{Run(runId)}/system";

    /// <summary>The whole log of a run as a text file.</summary>
    public static string LogFile(string runId) => $"/api/v1/runs/{Uri.EscapeDataString(runId)}/log.txt";

    /// <summary>A report.</summary>
    public static string Report(string reportId) => $"{Reports}/{Uri.EscapeDataString(reportId)}";

    /// <summary>One version of a report.</summary>
    public static string ReportVersion(string reportId, int version) => string.Create(CultureInfo.InvariantCulture, $"{Report(reportId)}?version={version}");

    /// <summary>Editor of a report.</summary>
    public static string ReportEdit(string reportId) => $"{Report(reportId)}/edit";

    /// <summary>A version of a report as one HTML file.</summary>
    public static string ReportFile(string reportId, int version) =>
        string.Create(CultureInfo.InvariantCulture, $"/api/v1/reports/{Uri.EscapeDataString(reportId)}/report.html?version={version}");

    /// <summary>A shared page.</summary>
    public static string Share(string token) => $"/s/{Uri.EscapeDataString(token)}";

    /// <summary>Everything of a run as one zip file.</summary>
    public static string BundleFile(string runId) => $"/api/v1/runs/{Uri.EscapeDataString(runId)}/bundle.zip";

    /// <summary>A file of a checkpoint: <paramref name="seq"/> is the number of the fact that it was saved, <paramref name="part"/> a name of <see cref="Api.CheckpointPart"/>.</summary>
    public static string CheckpointFile(string runId, long seq, string part) =>
        string.Create(CultureInfo.InvariantCulture, $"/api/v1/runs/{Uri.EscapeDataString(runId)}/checkpoints/{seq}/{part}");

    /// <summary>Form for a new review queue of a run; empty for any.</summary>
    public static string NewReviewQueue(string runId) => $"{Review}?new={(runId.Length > 0 ? Uri.EscapeDataString(runId) : "any")}";

    /// <summary>The next item of a review queue.</summary>
    public static string ReviewQueue(string queueId) => $"{Review}/{Uri.EscapeDataString(queueId)}";

    /// <summary>One item of a review queue.</summary>
    public static string ReviewItem(string queueId, long item) => string.Create(CultureInfo.InvariantCulture, $"{ReviewQueue(queueId)}?item={item}");

    /// <summary>How far people agree in a review queue.</summary>
    public static string ReviewAgreement(string queueId) => $"{ReviewQueue(queueId)}/agreement";

    /// <summary>Labels of a review queue as a file: "jsonl" or "csv".</summary>
    public static string ReviewLabels(string queueId, string format) => $"/api/v1/review/queues/{Uri.EscapeDataString(queueId)}/labels.{format}";

    /// <summary>Several runs beside each other.</summary>
    public static string Compare(IEnumerable<string> runIds) => $"{ComparePage}?runs={string.Join(',', runIds.Select(Uri.EscapeDataString))}";

    /// <summary>The same with a baseline, and with all settings or only those that differ.</summary>
    public static string CompareWith(IEnumerable<string> runIds, string baseline, bool allSettings) =>
        Compare(runIds) + (baseline.Length > 0 ? "&base=" + Uri.EscapeDataString(baseline) : "") + (allSettings ? "&settings=all" : "");

    /// <summary>The list with its filter, order and page; what is as usual is left out.</summary>
    public static string RunsWith(string filter, string sort, int page)
    {
        var parts = new List<string>();
        if (filter.Length > 0)
        {
            parts.Add("q=" + Uri.EscapeDataString(filter));
        }

        if (sort.Length > 0)
        {
            parts.Add("sort=" + Uri.EscapeDataString(sort));
        }

        if (page > 1)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"page={page}"));
        }

        return parts.Count == 0 ? Runs : $"{Runs}?{string.Join('&', parts)}";
    }

    /// <summary>The form, filled from an earlier run.</summary>
    public static string NewRunLike(string runId) => $"{NewRun}?from={Uri.EscapeDataString(runId)}";

    /// <summary>The form as it stands: where it started from, its name, and what was changed.</summary>
    public static string NewRunWith(string? fromRun, string preset, string key, IEnumerable<string> changes) =>
        $"{NewRun}?{(fromRun is null ? "preset=" + Uri.EscapeDataString(preset) : "from=" + Uri.EscapeDataString(fromRun))}&key={Uri.EscapeDataString(key)}"
        + string.Concat(changes.Select(c => "&set=" + Uri.EscapeDataString(c)));

    /// <summary>The form, filled from a preset.</summary>
    public static string NewRunFrom(string preset) => $"{NewRun}?preset={Uri.EscapeDataString(preset)}";

    /// <summary>Sign-in link below the address of the server.</summary>
    public static string SignInLink(string serverUrl, string token) => $"{serverUrl.TrimEnd('/')}{SignIn}?{TokenParameter}={token}";

    /// <summary>Lines of the audit log before one.</summary>
    public static string AuditBefore(string words, long key) => string.Create(CultureInfo.InvariantCulture, $"{AdminAudit}?q={Uri.EscapeDataString(words)}&before={key}");

    /// <summary>Invitation link below the address of the server.</summary>
    public static string InvitationLink(string serverUrl, string token) => $"{serverUrl.TrimEnd('/')}{Invitation}?{TokenParameter}={token}";

    /// <summary>Sign-in page that leads on to what was asked for.</summary>
    public static string SignInThen(HttpRequest request)
    {
        var asked = request.Path + request.QueryString.Value;
        return asked == Runs || asked.Length > MaxBack || !IsLocal(asked) ? SignIn : $"{SignIn}?back={Uri.EscapeDataString(asked)}";
    }

    /// <summary>Whether an address stays on this server: a browser takes "//host" and "/\host" for another one.</summary>
    public static bool IsLocal(string? address) =>
        address is { Length: > 0 and <= MaxBack } && address[0] == '/' && (address.Length == 1 || address[1] is not ('/' or '\\')) && !address.Any(char.IsControl);

    // Longer addresses are not carried through the sign-in.
    private const int MaxBack = 1000;
}
