using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using RroDashboard.Data;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Api;

public sealed class RunActionsApiTests
{
    [Fact]
    public async Task Create_SameKeyTwice_MakesOneRun()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var client = await server.SignInAsync();
        client.DefaultRequestHeaders.Add("Idempotency-Key", "one");

        var first = await CreateAsync(client, new { preset = "smoke", settings = new Dictionary<string, string> { ["Seed"] = "3" } });
        var second = await CreateAsync(client, new { preset = "smoke", settings = new Dictionary<string, string> { ["Seed"] = "3" } });

        Assert.Equal(first.GetProperty("id").GetString(), second.GetProperty("id").GetString());
        await server.WaitForEndAsync(first.GetProperty("id").GetString()!);
        Assert.Equal(1, (await LiveServer.JsonAsync(client, "/api/v1/runs/find?q=seed%3D3")).GetProperty("total").GetInt32());
        // Nobody started anything the second time.
        Assert.Equal(first.GetProperty("id").GetString(), Assert.Single(await server.Get<AuditLog>().ListAsync(null, "run.started", 10, default)).Subject);
    }

    [Theory]
    [InlineData("/api/v1/runs/", """{"preset":"smoke","settings":{"Model.Device":"gpu"}}""", "Model.Device = 'gpu' is not allowed: it must be cpu, cuda (the first card), or cuda:N with the number of a card from 0 to 63.")]
    [InlineData("/api/v1/runs/", """{"preset":"smoke","settings":{"Model.Device":"cuda:63"}}""", "Model.Device = 'cuda:63' asks for ")]
    [InlineData("/api/v1/runs/", """{"preset":"smoke","settings":{"Explore.MaxCandidates":"0"}}""", "Explore.MaxCandidates = '0' is not allowed: it must be a whole number from 1 to 1000.")]
    [InlineData("/api/v1/runs/", """{"preset":"none"}""", "There is no preset 'none'.")]
    public async Task Create_Wrong_SaysTheSentence(string path, string body, string sentence)
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var client = await server.SignInAsync();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        using var answer = await client.PostAsync(new Uri(path, UriKind.Relative), content);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.StartsWith(sentence, (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Delete_ThenRestoreThenDeleteForGood_RemovesFolderAndRows()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);
        var folder = server.Host.RunFolder(run);
        Assert.True(Directory.Exists(folder));

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync(new Uri($"/api/v1/runs/{run}", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(new Uri($"/api/v1/runs/{run}", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await client.PostAsync(new Uri($"/api/v1/runs/{run}/restore", UriKind.Relative), null)).StatusCode);
        Assert.Equal(run, Assert.Single(await server.Get<AuditLog>().ListAsync(null, "run.restored", 10, default)).Subject);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync(new Uri($"/api/v1/runs/{run}", UriKind.Relative))).StatusCode);
        await client.DeleteAsync(new Uri($"/api/v1/runs/{run}", UriKind.Relative));
        await using var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync();
        // As if the ten seconds were over.
        await context.Runs.IgnoreQueryFilters().ExecuteUpdateAsync(set => set.SetProperty(r => r.DeletedTicks, r => r.DeletedTicks - RunKeeper.UndoTime.Ticks));

        using var patience = new CancellationTokenSource(LiveServer.Patience);
        while (await context.Runs.IgnoreQueryFilters().AnyAsync(patience.Token))
        {
            await Task.Delay(100, patience.Token);
        }

        Assert.False(Directory.Exists(folder));
        Assert.Equal(0, await context.Events.CountAsync());
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync(new Uri($"/api/v1/runs/{run}/restore", UriKind.Relative), null)).StatusCode);
    }

    [Fact]
    public async Task Delete_OpenRun_IsRefused()
    {
        await using var server = await LiveServer.StartAsync(static (_, stop) =>
        {
            stop.WaitHandle.WaitOne();
            stop.ThrowIfCancellationRequested();
        });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();

        using var answer = await client.DeleteAsync(new Uri($"/api/v1/runs/{run}", UriKind.Relative));
        await client.PostAsync(new Uri($"/api/v1/runs/{run}/stop", UriKind.Relative), null);

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal(Core.Events.RunState.Stopped, (await server.WaitForEndAsync(run)).State);
    }

    [Fact]
    public async Task Describe_And_Find_WorkTogether()
    {
        await using var server = await LiveServer.StartAsync(static (_, _) => { });
        using var client = await server.SignInAsync();
        var run = await server.EnqueueAsync();
        await server.WaitForEndAsync(run);

        using var put = await client.PutAsJsonAsync(new Uri($"/api/v1/runs/{run}/description", UriKind.Relative), new { name = "One", tags = "a b", notes = "n" });
        using var tooLong = await client.PutAsJsonAsync(new Uri($"/api/v1/runs/{run}/description", UriKind.Relative), new { name = new string('x', 200) });
        using var wrong = await client.GetAsync(new Uri("/api/v1/runs/find?q=boss:me", UriKind.Relative));

        Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
        Assert.Equal(1, (await LiveServer.JsonAsync(client, "/api/v1/runs/find?q=tag:b%20name:one&sort=-reward")).GetProperty("total").GetInt32());
        Assert.Equal(run, Assert.Single(await server.Get<AuditLog>().ListAsync(null, "run.described", 10, default)).Subject);
    }

    private static async Task<JsonElement> CreateAsync(HttpClient client, object body)
    {
        using var answer = await client.PostAsJsonAsync(new Uri("/api/v1/runs/", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }
}
