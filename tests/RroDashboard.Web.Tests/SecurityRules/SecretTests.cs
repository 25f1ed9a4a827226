using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Hosting;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.Bundles;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.SecurityRules;

/// <summary>Keys are made at the first start, kept where only the user reads, and written nowhere else: not in a log, not in the clear, not in the repository.</summary>
public sealed partial class SecretTests
{
    [Fact]
    public async Task Secrets_OfEveryKind_AreInNoLogAndNoFile()
    {
        var folder = Directory.CreateTempSubdirectory("rro-secrets-").FullName;
        using var lines = new LogLines();
        const string Password = "a secret of ten letters";
        const string SharePassword = "the word of the shared page";
        // Everything that can be asked for: the lowest level of our own lines and of the framework's, its lines about requests included.
        await using (var server = new RroWebApplication(
            new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = folder, StartDemo = false },
            services => services.AddSingleton<ITrainingRunner>(new ScriptedRunner(BundledRun.Play)).AddSingleton<ILoggerProvider>(lines).AddLogging(logging => logging
                .SetMinimumLevel(LogLevel.Trace).AddFilter(null, LogLevel.Trace).AddFilter("Microsoft", LogLevel.Trace).AddFilter("System", LogLevel.Trace)
                .AddFilter<LogLines>(null, LogLevel.Trace).AddFilter<LogLines>("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Trace))))
        {
            await server.StartAsync();
            T Get<T>()
                where T : notnull => server.App.Services.GetRequiredService<T>();
            var run = (await Get<TrainingHost>().EnqueueAsync(Core.Plans.Presets.Create("smoke"), "logged", default)).Id;
            while (await Get<RunQueries>().FindAsync(run, default) is not { State: Core.Events.RunState.Finished })
            {
                await Task.Delay(20);
            }

            var link = server.CreateSignInLink();
            var user = await Get<AccountStore>().CreateAsync("Logged", UserRole.Admin, new Web.Authentication.Passwords().Hash(Password), default);
            var token = await Get<TokenStore>().CreateAsync(user.Id, "logged", UserRole.Admin, 1, default);
            var invitation = await Get<InvitationStore>().CreateAsync(UserRole.Viewer, "", 1, user.Id, default);
            var target = new ShareTarget(ShareScope.Run, run, null, "", false);
            var (share, _) = await Get<ShareDesk>().CreateAsync(target, false, 1, false, SharePassword, null, user.Id, default);
            var (open, _) = await Get<ShareDesk>().CreateAsync(target, false, 1, false, "", null, user.Id, default);

            var cookies = new System.Net.CookieContainer();
            using var client = new HttpClient(new SocketsHttpHandler { CookieContainer = cookies }) { BaseAddress = new Uri(server.Url) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            foreach (var path in new[] { "/api/v1/runs/", "/api/v1/runs/none", "/api/v1/runs/?take=x", "/metrics", "/" })
            {
                using var answer = await client.GetAsync(path);
            }

            using var broken = await client.PostAsync("/api/v1/runs/", new StringContent("{\"preset\":", Encoding.UTF8, "application/json"));
            client.DefaultRequestHeaders.Authorization = null;
            var page = await client.GetStringAsync(new Uri(link));
            await client.GetStringAsync("/invitation?token=" + invitation);
            await PostAsync("/s/" + share, ("password", "wrong " + SharePassword));
            await PostAsync("/s/" + share, ("password", SharePassword));
            await client.GetStringAsync("/s/" + open);
            await PostAsync("/sign-in/password", ("name", "Logged"), ("password", "wrong " + Password), ("__RequestVerificationToken", ServerFixture.FormToken(page)));
            await PostAsync("/sign-in/password", ("name", "Logged"), ("password", Password), ("__RequestVerificationToken", ServerFixture.FormToken(page)));
            var session = cookies.GetCookies(new Uri(server.Url))["rro-session"]!.Value;
            using var signedIn = await client.GetAsync("/account");
            await server.App.StopAsync();

            // It hears us at the lowest level, and of the framework what a broken server says.
            Assert.Contains(lines.All.Select(l => l.Category), c => c.StartsWith("RroDashboard", StringComparison.Ordinal));
            Assert.DoesNotContain(lines.Texts, l => l.Contains("Request starting", StringComparison.Ordinal));
            foreach (var secret in new[] { token, token["rro_".Length..], link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..], invitation, Password, SharePassword, share, open, session })
            {
                Assert.DoesNotContain(lines.Texts, l => l.Contains(secret, StringComparison.Ordinal));
                Assert.DoesNotContain(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith("lock", StringComparison.Ordinal)), f => f.Contains(secret, StringComparison.Ordinal) || Reads(f).Contains(secret, StringComparison.Ordinal));
            }

            async Task PostAsync(string path, params (string Name, string Value)[] fields)
            {
                using var form = new FormUrlEncodedContent(fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value)));
                using var answer = await client.PostAsync(path, form);
            }
        }

        SqliteConnection.ClearAllPools();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Logger_OfOurs_IsHeardAsTheConfigurationSays()
    {
        using var lines = new LogLines();
        using var services = new ServiceCollection().AddSingleton<Microsoft.Extensions.Options.IPostConfigureOptions<LoggerFilterOptions>, Web.Logs.FrameworkLogs>()
            .AddLogging(l => l.AddProvider(lines).AddFilter("RroDashboard.Loud", LogLevel.Trace).AddFilter("RroDashboard.Quiet", LogLevel.Error).AddFilter<LogLines>("Microsoft", LogLevel.Trace)).BuildServiceProvider();
        var loggers = services.GetRequiredService<ILoggerFactory>();

        Assert.True(loggers.CreateLogger("RroDashboard.Loud").IsEnabled(LogLevel.Trace));
        Assert.True(loggers.CreateLogger("RroDashboard.Other").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("RroDashboard.Other").IsEnabled(LogLevel.Debug));
        Assert.False(loggers.CreateLogger("RroDashboard.Quiet").IsEnabled(LogLevel.Warning));
        Assert.True(loggers.CreateLogger("Microsoft.AspNetCore.Anything").IsEnabled(LogLevel.Warning));
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.Anything").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("System.Net.Http").IsEnabled(LogLevel.Debug));
        // It warns at the first start of everyone, of what is as it should be.
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager").IsEnabled(LogLevel.Warning));
        Assert.True(loggers.CreateLogger("Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager").IsEnabled(LogLevel.Error));
        Assert.True(loggers.CreateLogger("SystemSampler").IsEnabled(LogLevel.Information));
        Assert.False(loggers.CreateLogger("Microsoft.AspNetCore.SignalR.Internal.DefaultHubDispatcher").IsEnabled(LogLevel.Error));
        Assert.True(loggers.CreateLogger("Microsoft.AspNetCore.SignalR.HubConnectionHandler").IsEnabled(LogLevel.Error));
    }

    // Whoever has no key can ask all day: what that leaves behind must not fill the disk.
    [Fact]
    public async Task Strangers_WithWrongKeysOfEveryKind_LeaveNoLine()
    {
        using var lines = new LogLines();
        await using var server = await LiveServer.StartAsync(static (_, _) => { }, services => services.AddSingleton<ILoggerProvider>(lines));
        using var stranger = new HttpClient { BaseAddress = server.Url };
        var before = lines.All.Count;
        foreach (var (verb, path, header, value, body) in new[]
        {
            ("GET", "/api/v1/runs/", "Authorization", "Bearer rro_" + new string('0', 40), ""),
            ("GET", "/api/v1/runs/", "Authorization", "Bearer nothing", ""),
            ("GET", "/runs", "Cookie", "rro-session=garbage", ""),
            ("POST", "/sign-in/redeem", "Cookie", "rro-form=garbage", "token=x&__RequestVerificationToken=y"),
            ("POST", "/sign-in/password", "Cookie", "rro-form=CfDJ8garbage", "name=x&password=y&__RequestVerificationToken=CfDJ8abc"),
            ("POST", "/s/" + new string('0', 32), "Cookie", "rro-share=garbage", "password=%ZZ"),
            ("POST", "/_blazor/negotiate", "Cookie", "rro-session=garbage", ""),
            ("GET", "/invitation?token=x", "Cookie", "rro-form=garbage", ""),
        })
        {
            using var request = new HttpRequestMessage(new HttpMethod(verb), path) { Content = body.Length == 0 ? null : new StringContent(body, Encoding.UTF8, "application/x-www-form-urlencoded") };
            request.Headers.TryAddWithoutValidation(header, value);
            request.Headers.TryAddWithoutValidation("Origin", server.Url.GetLeftPart(UriPartial.Authority));
            using var answer = await stranger.SendAsync(request);
        }

        Assert.Empty(lines.All.Skip(before).Select(l => $"{l.Level} {l.Category}: {l.Text}"));
    }

    [Fact]
    public async Task Keys_AreMadeAtTheFirstStartInAFolderOfTheUserAlone()
    {
        await using var first = await LiveServer.StartAsync(static (_, _) => { });
        await using var second = await LiveServer.StartAsync(static (_, _) => { });
        using var one = await first.SignInAsync();
        using var other = await second.SignInAsync();

        var (keys, others) = (Keys(first.Folder), Keys(second.Folder));

        Assert.Single(keys);
        Assert.NotEqual(await File.ReadAllTextAsync(keys[0]), await File.ReadAllTextAsync(others[0]));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(first.Folder));
        }

        // A session of one server is none at another.
        var cookie = first.Cookies.GetCookies(first.Url)["rro-session"]!;
        using var client = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = second.Url };
        client.DefaultRequestHeaders.Add("Cookie", $"rro-session={cookie.Value}");
        using var answer = await client.GetAsync("/api/v1/runs/");
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public void Repository_TrackedFiles_HoldNoKey()
    {
        var root = Root();
        var start = new ProcessStartInfo("git", ["-C", root, "ls-files"]) { RedirectStandardOutput = true, UseShellExecute = false };
        using var git = Process.Start(start)!;
        var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(f => Path.Combine(root, f)).Where(File.Exists).ToList();
        git.WaitForExit();
        Assert.True(files.Count > 300, "Is this a git repository?");

        var found = new List<string>();
        foreach (var file in files)
        {
            Assert.DoesNotMatch(KeyFile(), Path.GetFileName(file));
            var text = File.ReadAllText(file);
            found.AddRange(Key().Matches(text).Select(m => $"{Path.GetRelativePath(root, file)}: {m.Value[..12]}..."));
            // Lock files are full of hashes, and hashes are what they are for.
            if (!Path.GetFileName(file).StartsWith("package", StringComparison.Ordinal))
            {
                found.AddRange(Assigned().Matches(text).Where(m => Entropy(m.Groups["value"].Value) > 3.8).Select(m => $"{Path.GetRelativePath(root, file)}: {m.Value}"));
            }
        }

        Assert.Empty(found);
    }

    [Theory]
    [InlineData("var apiKey = \"q8Zr3TtB0vLk5Wn1XcYd7HfJ\";", true)]
    [InlineData("\"ClientSecret\": \"q8Zr3TtB0vLk5Wn1XcYd7HfJ\"", true)]
    [InlineData("AKIA" + "IOSFODNN7EXAMPLE", true)]
    [InlineData("ghp_" + "0123456789abcdefghijklmnopqrstuvwxyz", true)]
    [InlineData("-----BEGIN " + "RSA PRIVATE KEY-----", true)]
    [InlineData("var password = \"a long enough sentence\";", false)]
    [InlineData("const string Secret = \"zebra-secret\";", false)]
    public void Scan_KeyOrNot_IsTold(string text, bool isOne) =>
        Assert.Equal(isOne, Key().IsMatch(text) || Assigned().Matches(text).Any(m => Entropy(m.Groups["value"].Value) > 3.8));

    private static double Entropy(string text) => -text.GroupBy(c => c).Sum(g => (double)g.Count() / text.Length * Math.Log2((double)g.Count() / text.Length));

    private static string[] Keys(string folder) => Directory.GetFiles(Path.Combine(folder, "keys"), "key-*.xml");

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "RroDashboard.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("RroDashboard.sln is in no folder above the tests.");
        }

        return folder.FullName;
    }

    private static string Reads(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    // Shapes that services give their keys, written so that this file holds none.
    [GeneratedRegex("AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40}|glpat-[A-Za-z0-9_-]{20}|sk-[A-Za-z0-9]{32}|sk-(ant|proj)-[A-Za-z0-9_-]{24}|xox[abpr]-[A-Za-z0-9-]{20}|hf_[A-Za-z0-9]{34}|npm_[A-Za-z0-9]{36}|AIza[A-Za-z0-9_-]{35}|rro_[a-z0-9]{32}|-----BEGIN ([A-Z]+ )?PRIVATE KEY|eyJhbGciOi[A-Za-z0-9_-]{20}", RegexOptions.ExplicitCapture, 20_000)]
    private static partial Regex Key();

    // A random-looking text that is given to something with the name of a key.
    [GeneratedRegex("(api_?key|secret|passw(or)?d|access_?token|private_?key|connection_?string)\\w*[\"']?\\s*[:=]\\s*[\"'](?<value>[A-Za-z0-9+/=_-]{16,})[\"']", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 20_000)]
    private static partial Regex Assigned();

    [GeneratedRegex("^(\\.env|id_(rsa|ed25519|ecdsa)|.*\\.(pfx|p12|pem|key|snk|keystore|jks))$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex KeyFile();
}
