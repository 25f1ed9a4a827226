using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;

namespace RroDashboard.Web.Tests.Authentication;

/// <summary>Accounts through the pages and forms, as a browser uses them.</summary>
public sealed class AccountTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string Password = "a long enough sentence";

    private AccountStore Accounts => fixture.Server.App.Services.GetRequiredService<AccountStore>();

    [Fact]
    public async Task Redeem_FirstLink_MakesAnAdminWithoutAPasswordWhoCanChooseOne()
    {
        var (client, _) = await fixture.SignInAsync();
        using var own = client;

        var page = await client.GetStringAsync("/account");
        Assert.Contains("You came by a one-time link", page, StringComparison.Ordinal);
        using var saved = await PostAsync(client, "/account", "/account", ("name", "Ada of the terminal"), ("password", Password));
        Assert.Equal("/account?saved=1", saved.Headers.Location!.OriginalString);

        using var other = await SignInAsync("ada OF the terminal", Password);
        using var admin = await other.GetAsync("/admin/users");
        Assert.Equal(HttpStatusCode.OK, admin.StatusCode);
        // The same admin: a second link makes no second one.
        var (again, _) = await fixture.SignInAsync();
        using var second = again;
        Assert.Contains("Ada of the terminal", await again.GetStringAsync("/account"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Invitation_Taken_MakesAnAccountOnce()
    {
        var token = await fixture.Server.App.Services.GetRequiredService<InvitationStore>().CreateAsync(UserRole.Reviewer, "Grace", 7, "u", default);
        using var client = fixture.CreateClient();

        Assert.Contains("invited as <strong>reviewer", await client.GetStringAsync("/invitation?token=" + token), StringComparison.Ordinal);
        using var shortOne = await PostAsync(client, "/invitation?token=" + token, "/invitation/accept", ("token", token), ("name", "Grace"), ("password", "short"));
        Assert.Contains("10 to 200 characters", WebUtility.HtmlDecode(await client.GetStringAsync(shortOne.Headers.Location!)), StringComparison.Ordinal);
        using var taken = await PostAsync(client, "/invitation?token=" + token, "/invitation/accept", ("token", token), ("name", "Grace"), ("password", Password));

        Assert.Equal("/", taken.Headers.Location!.OriginalString);
        using var runs = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, runs.StatusCode);
        Assert.Contains("was used before", await client.GetStringAsync("/invitation?token=" + token), StringComparison.Ordinal);
        Assert.Equal(UserRole.Reviewer, (await Accounts.FindByNameAsync("grace", default))!.Value.User.Role);
    }

    [Fact]
    public async Task Password_TooManyWrongOnes_LocksTheNameForTheRightOneToo()
    {
        await Accounts.CreateAsync("Locked", UserRole.Viewer, new Passwords().Hash(Password), default);
        using var client = fixture.CreateClient();
        for (var i = 0; i < SignInThrottle.MaxForName; i++)
        {
            using var wrong = await PostAsync(client, "/sign-in", "/sign-in/password", ("name", "Locked"), ("password", "wrong wrong wrong"));
            Assert.Equal("/sign-in?refused=password", wrong.Headers.Location!.OriginalString);
        }

        using var right = await PostAsync(client, "/sign-in", "/sign-in/password", ("name", "locked"), ("password", Password));

        Assert.Equal("/sign-in?refused=locked", right.Headers.Location!.OriginalString);
        Assert.Contains("wait 5 minutes", await client.GetStringAsync("/sign-in?refused=locked"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SignIn_WithAWayBack_LeadsThereAndNeverToAnotherSite()
    {
        await Accounts.CreateAsync("Back", UserRole.Viewer, new Passwords().Hash(Password), default);
        using var client = fixture.CreateClient();

        using var back = await PostAsync(client, "/sign-in?back=%2Fruns%2Fx", "/sign-in/password", ("name", "Back"), ("password", Password), ("back", "/runs/x"));
        Assert.Equal("/runs/x", back.Headers.Location!.OriginalString);
        foreach (var bad in new[] { "//attacker.example", "/\\attacker.example", "https://attacker.example", "/\t/attacker.example", "javascript:alert(1)" })
        {
            using var away = await PostAsync(client, "/sign-in", "/sign-in/password", ("name", "Back"), ("password", Password), ("back", bad));
            Assert.Equal("/", away.Headers.Location!.OriginalString);
        }
    }

    [Fact]
    public async Task Session_AfterTheAccountChanged_IsOver()
    {
        using var changed = await fixture.SignInAsAsync(UserRole.Operator, "Changed");
        using var shut = await fixture.SignInAsAsync(UserRole.Operator, "Shut");
        using var everywhere = await fixture.SignInAsAsync(UserRole.Operator, "Everywhere");
        await OpenAsync(changed, shut, everywhere);

        await Accounts.SetRoleAsync((await Accounts.FindByNameAsync("Changed", default))!.Value.User.Id, UserRole.Viewer, default);
        await Accounts.SetDisabledAsync((await Accounts.FindByNameAsync("Shut", default))!.Value.User.Id, true, default);
        using var signedOut = await PostAsync(everywhere, "/account", "/account/sign-out-everywhere", ("reason", "asked"));

        foreach (var client in new[] { changed, shut, everywhere })
        {
            using var answer = await client.GetAsync("/api/v1/runs/");
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Account_NewPasswordWithoutTheCurrentOne_IsRefused()
    {
        await Accounts.CreateAsync("Careful", UserRole.Viewer, new Passwords().Hash(Password), default);
        using var client = await SignInAsync("Careful", Password);

        using var refused = await PostAsync(client, "/account", "/account", ("name", "Careful"), ("current", "not it at all"), ("password", "another long sentence"));

        Assert.Contains("current password is wrong", await client.GetStringAsync(refused.Headers.Location!), StringComparison.Ordinal);
        using var still = await SignInAsync("Careful", Password);
    }

    [Fact]
    public async Task Account_SentenceInTheAddress_IsShownOnlyWhenItIsOurs()
    {
        var (client, _) = await fixture.SignInAsync();
        using var own = client;

        Assert.DoesNotContain("Call this number", await client.GetStringAsync("/account?wrong=Call+this+number"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(UserRole.Viewer, false, false)]
    [InlineData(UserRole.Reviewer, true, false)]
    [InlineData(UserRole.Operator, true, true)]
    public async Task Api_ByRole_RefusesWhatItMayNot(UserRole role, bool describes, bool runs)
    {
        using var client = await fixture.SignInAsAsync(role);

        using var list = await client.GetAsync("/api/v1/runs/");
        using var describe = await client.PutAsJsonAsync("/api/v1/runs/none/description", new { Name = "x" });
        using var create = await client.PostAsJsonAsync("/api/v1/runs/", new { Preset = "no such preset" });
        using var stop = await client.PostAsync("/api/v1/runs/none/stop", null);
        using var resume = await client.PostAsync("/api/v1/runs/none/resume", null);
        using var delete = await client.DeleteAsync("/api/v1/runs/none");
        using var restore = await client.PostAsync("/api/v1/runs/none/restore", null);
        using var page = await client.GetAsync("/runs/new");
        using var admin = await client.GetAsync("/admin/users");

        Assert.Equal(HttpStatusCode.OK, list.StatusCode);
        Assert.Equal(describes, describe.StatusCode != HttpStatusCode.Forbidden);
        Assert.All([create, stop, resume, delete, restore], a => Assert.Equal(runs, a.StatusCode != HttpStatusCode.Forbidden));
        Assert.Equal(runs ? HttpStatusCode.OK : HttpStatusCode.Redirect, page.StatusCode);
        Assert.Equal("/denied", admin.Headers.Location!.OriginalString);
        Assert.Contains(role.ToString(), await client.GetStringAsync("/denied"), StringComparison.Ordinal);
    }

    private static async Task OpenAsync(params HttpClient[] clients)
    {
        foreach (var client in clients)
        {
            using var answer = await client.GetAsync("/api/v1/runs/");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    private async Task<HttpClient> SignInAsync(string name, string password)
    {
        var client = fixture.CreateClient();
        using var answer = await PostAsync(client, "/sign-in", "/sign-in/password", ("name", name), ("password", password));
        Assert.Equal("/", answer.Headers.Location!.OriginalString);
        return client;
    }

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string page, string action, params (string Name, string Value)[] fields)
    {
        var token = ServerFixture.FormToken(await client.GetStringAsync(page));
        using var form = new FormUrlEncodedContent([new("__RequestVerificationToken", token), .. fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))]);
        return await client.PostAsync(action, form);
    }
}
