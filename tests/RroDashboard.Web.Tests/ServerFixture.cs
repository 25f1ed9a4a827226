using System.Net;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Data;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Tests;

/// <summary>The real server on a free port with an empty data folder of its own.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"rro-server-{Guid.NewGuid():N}");

    public RroWebApplication Server { get; private set; } = null!;

    public Uri Url => new(Server.Url);

    public async Task InitializeAsync()
    {
        Server = new RroWebApplication(new DashboardOptions { Url = "http://127.0.0.1:0", DataFolder = _folder, StartDemo = false });
        await Server.StartAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async Task DisposeAsync()
    {
        await Server.App.StopAsync().WaitAsync(TimeSpan.FromSeconds(30));
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A client that follows no redirects and keeps its cookies.</summary>
    public HttpClient CreateClient(CookieContainer? cookies = null) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = cookies ?? new CookieContainer() }, disposeHandler: true)
        {
            BaseAddress = Url,
            Timeout = TimeSpan.FromSeconds(30),
        };

    /// <summary>The antiforgery token in the form of a page.</summary>
    public static string FormToken(string page)
    {
        const string Before = "name=\"__RequestVerificationToken\" value=\"";
        var start = page.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return page[start..page.IndexOf('"', start)];
    }

    /// <summary>A client signed in as someone of this role, in an account of their own.</summary>
    public async Task<HttpClient> SignInAsAsync(UserRole role, string? name = null)
    {
        name ??= $"{role} {Guid.NewGuid():N}"[..30];
        var user = await Server.App.Services.GetRequiredService<AccountStore>().CreateAsync(name, role, null, default);
        var links = Server.App.Services.GetRequiredService<Web.Authentication.SignInLinks>();
        var (client, answer) = await SignInAsync($"{Server.Url}/sign-in?token={links.Create(TimeSpan.FromMinutes(5), user.Id)}");
        answer.Dispose();
        return client;
    }

    /// <summary>A client that went through the sign-in page as a browser does.</summary>
    public async Task<(HttpClient Client, HttpResponseMessage Answer)> SignInAsync(string? link = null)
    {
        var client = CreateClient();
        // As every browser names it with an unsafe verb.
        client.DefaultRequestHeaders.Add("Origin", Url.GetLeftPart(UriPartial.Authority));
        link ??= Server.CreateSignInLink();
        var page = await client.GetStringAsync(new Uri(link));
        var form = new Dictionary<string, string>
        {
            ["token"] = link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..],
            ["__RequestVerificationToken"] = FormToken(page),
        };
        using var content = new FormUrlEncodedContent(form);
        return (client, await client.PostAsync(new Uri(Url, "/sign-in/redeem"), content));
    }
}
