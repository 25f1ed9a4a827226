using System.Net.WebSockets;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RroDashboard.Data;
using RroDashboard.Web.Hubs;
using RroDashboard.Web.Sharing;
using RroDashboard.Web.Tests.Hosting;

namespace RroDashboard.Web.Tests.Hubs;

public sealed class HubRefusalsTests
{
    private const int Calls = 25;

    [Fact]
    public async Task Follow_WrongCallsOfAStranger_AreAnsweredAndOneLineEachMinute()
    {
        using var lines = new LogLines();
        await using var server = await LiveServer.StartAsync(static (_, _) => { }, services => services.AddSingleton<ILoggerProvider>(lines));
        await using var stranger = await HubClient.ConnectAsync(server.Url, null, "/hubs/share");

        for (var i = 0; i < Calls; i++)
        {
            Assert.Contains("closed", await RefusalAsync(stranger, "Follow", $"wrong {i}"), StringComparison.Ordinal);
            await RefusalAsync(stranger, "Follow");
            await RefusalAsync(stranger, "Follow", 5, "x");
            await RefusalAsync(stranger, "Watch", "x");
        }

        await SendRawAsync(server, "/hubs/share", "no frame at all");
        await SendRawAsync(server, "/hubs/share", "{\"type\":1,\"target\":\"Follow\",\"arguments\":[{}]}\u001e");

        var line = Assert.Single(Loud(lines));
        Assert.Equal((LogLevel.Warning, "ShareHub.Follow was refused: closed. 0 more refusals since the last line like this"), (line.Level, line.Text));
        // A minute later the others are told of, in one line.
        server.Clock.Shift += HubRefusals.Every;
        await RefusalAsync(stranger, "Follow", "wrong");
        Assert.Equal($"ShareHub.Follow was refused: closed. {Calls - 1} more refusals since the last line like this", Loud(lines)[^1].Text);
        Assert.DoesNotContain(lines.All, l => l.HasException);
    }

    [Fact]
    public async Task RunHub_WrongCallsOfSomeoneSignedIn_LeaveNoStack()
    {
        using var lines = new LogLines();
        await using var server = await LiveServer.StartAsync(static (_, _) => { }, services => services.AddSingleton<ILoggerProvider>(lines));
        using var client = await server.SignInAsync();
        await using var viewer = await HubClient.ConnectAsync(server.Url, server.Cookies);

        for (var i = 0; i < 3; i++)
        {
            Assert.Contains("There is no such run", await RefusalAsync(viewer, "Watch", "bbbbbbbbbb"), StringComparison.Ordinal);
            Assert.Contains("There is no such run", await RefusalAsync(viewer, "Watch", (object)null!), StringComparison.Ordinal);
            await viewer.InvokeAsync("Since", null!, null!, -5);
            await viewer.InvokeAsync("Unwatch", (object)null!);
            await viewer.InvokeAsync("Bands", null!, new string?[] { null, "" }, null!, null!, -1);
            await viewer.InvokeAsync("Older", null!, 0, 0, -1);
            await viewer.InvokeAsync("Candidates", null!, -1, -1);
            await RefusalAsync(viewer, "Watch");
            await RefusalAsync(viewer, "Since", "x", "y", "z");
            await RefusalAsync(viewer, "Follow", "x");
        }

        Assert.Equal("RunHub.Watch was refused: There is no such run. 0 more refusals since the last line like this", Assert.Single(Loud(lines)).Text);
        Assert.DoesNotContain(lines.All, l => l.HasException);
    }

    [Fact]
    public async Task Follow_OurOwnFailure_IsAnErrorWithItsStackOnceAMinute()
    {
        using var lines = new LogLines();
        await using var server = await LiveServer.StartAsync(static (_, _) => { }, services => services.AddSingleton<ILoggerProvider>(lines));
        await using (var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync())
        {
            await context.Database.ExecuteSqlRawAsync("DROP TABLE ShareLinks");
        }

        var ticket = server.Get<ShareTickets>().TicketFor(1);
        await using var stranger = await HubClient.ConnectAsync(server.Url, null, "/hubs/share");
        var answers = new List<string> { await RefusalAsync(stranger, "Follow", ticket), await RefusalAsync(stranger, "Follow", ticket) };

        Assert.All(answers, a => Assert.DoesNotContain("ShareLinks", a, StringComparison.Ordinal));
        var failure = Assert.Single(lines.All, l => l.Level == LogLevel.Error && l.Category.StartsWith("RroDashboard", StringComparison.Ordinal));
        Assert.Contains("no such table: ShareLinks", failure.Text, StringComparison.Ordinal);
        Assert.Contains("   at ", failure.Text, StringComparison.Ordinal);
        server.Clock.Shift += HubRefusals.Every;
        await RefusalAsync(stranger, "Follow", ticket);
        Assert.Contains(lines.Texts, t => t.Contains("ShareHub.Follow failed. 1 more failures", StringComparison.Ordinal));
    }

    // A failure that somebody can cause must not keep others out of the log.
    [Fact]
    public async Task RunHub_FailuresOfTwoMethods_AreTwoErrors()
    {
        using var lines = new LogLines();
        await using var server = await LiveServer.StartAsync(static (_, _) => { }, services => services.AddSingleton<ILoggerProvider>(lines));
        using var client = await server.SignInAsync();
        await using var viewer = await HubClient.ConnectAsync(server.Url, server.Cookies);
        await using (var context = await server.Get<IDbContextFactory<RroDbContext>>().CreateDbContextAsync())
        {
            await context.Database.ExecuteSqlRawAsync("DROP TABLE Events");
        }

        for (var i = 0; i < 2; i++)
        {
            await RefusalAsync(viewer, "Older", "x", 0, 0, 1);
            await RefusalAsync(viewer, "Candidates", "x", 0, 0);
        }

        var failures = lines.All.Where(l => l.Level == LogLevel.Error && l.Text.Contains("RunHub.", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, failures.Count);
        Assert.Contains("RunHub.Older failed", failures[0].Text, StringComparison.Ordinal);
        Assert.Contains("RunHub.Candidates failed", failures[1].Text, StringComparison.Ordinal);
    }

    private static List<HeardLine> Loud(LogLines lines) => [.. lines.All.Where(l => l.Level >= LogLevel.Warning && (l.Category.Contains("SignalR", StringComparison.Ordinal) || l.Category.Contains("Hub", StringComparison.Ordinal) || l.HasException))];

    private static async Task<string> RefusalAsync(HubClient client, string method, params object[] arguments) =>
        (await Assert.ThrowsAsync<InvalidOperationException>(() => client.InvokeAsync(method, arguments))).Message;

    // What no client of ours sends; the server closes the connection when it is done with it.
    private static async Task SendRawAsync(LiveServer server, string path, string frame)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{server.Url.Authority}{path}"), default);
        await socket.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"json\",\"version\":1}\u001e" + frame + "\u001e"), WebSocketMessageType.Text, true, default);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", default);
        var buffer = new byte[4096];
        using var patience = new CancellationTokenSource(LiveServer.Patience);
        while ((await socket.ReceiveAsync(buffer, patience.Token)).MessageType != WebSocketMessageType.Close)
        {
        }
    }
}
