using Microsoft.EntityFrameworkCore;
using RroDashboard.Core.Plans;

namespace RroDashboard.Data.Tests;

public sealed class AccountStoreTests
{
    [Fact]
    public async Task FirstAdminAsync_FolderFromBeforeAccounts_MakesOneOwnerOfItsRuns()
    {
        await using var database = await TestDatabase.CreateAsync();
        var run = await database.NewRunAsync();

        var users = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => database.Accounts.FirstAdminAsync(default)));

        Assert.Single(users.Select(u => u.Id).Distinct());
        Assert.Equal(("owner", UserRole.Admin, false), (users[0].Name, users[0].Role, users[0].HasPassword));
        Assert.Equal("owner", (await database.Queries.FindAsync(run, default))!.Owner);
    }

    [Fact]
    public async Task Changes_OfTheLastAdmin_AreRefused()
    {
        await using var database = await TestDatabase.CreateAsync();
        var admin = await database.Accounts.FirstAdminAsync(default);

        Assert.Contains("last admin", (await Assert.ThrowsAsync<AccountException>(() => database.Accounts.SetRoleAsync(admin.Id, UserRole.Viewer, default))).Message, StringComparison.Ordinal);
        Assert.Contains("last admin", (await Assert.ThrowsAsync<AccountException>(() => database.Accounts.SetDisabledAsync(admin.Id, true, default))).Message, StringComparison.Ordinal);
        var second = await database.Accounts.CreateAsync("second", UserRole.Admin, null, default);
        await database.Accounts.SetDisabledAsync(admin.Id, true, default);

        Assert.Equal(second.Id, (await database.Accounts.FirstAdminAsync(default)).Id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("a\u202Eb")]
    [InlineData("a\nb")]
    [InlineData("1234567890123456789012345678901234567890123456789012345678901")]
    public async Task CreateAsync_NameThatMisleads_IsRefused(string name)
    {
        await using var database = await TestDatabase.CreateAsync();

        await Assert.ThrowsAsync<AccountException>(() => database.Accounts.CreateAsync(name, UserRole.Viewer, null, default));
    }

    [Fact]
    public async Task CreateAsync_SameNameInAnotherSpelling_IsRefused()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.Accounts.CreateAsync("Ada", UserRole.Viewer, null, default);

        await Assert.ThrowsAsync<AccountException>(() => database.Accounts.CreateAsync("ada ", UserRole.Viewer, null, default));
        await Assert.ThrowsAsync<AccountException>(() => database.Accounts.CreateAsync("ADA", UserRole.Viewer, null, default));
    }

    [Fact]
    public async Task AcceptAsync_ManyAtOnce_OneAccount()
    {
        await using var database = await TestDatabase.CreateAsync();
        var token = await database.Invitations.CreateAsync(UserRole.Operator, "", 7, "u", default);

        var won = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                await database.Accounts.AcceptAsync(token, $"name {i}", "hash", default);
                return true;
            }
            catch (AccountException)
            {
                return false;
            }
        }));

        Assert.Single(won, w => w);
        Assert.Equal(UserRole.Operator, Assert.Single(await database.Accounts.ListAsync(default)).Role);
        Assert.Equal(0, database.Number($"SELECT count(*) FROM Invitations WHERE TokenHash = '{token}'"));
    }

    [Fact]
    public async Task AcceptAsync_RevokedOrExpired_IsRefused()
    {
        await using var database = await TestDatabase.CreateAsync();
        var revoked = await database.Invitations.CreateAsync(UserRole.Viewer, "", 7, "u", default);
        await database.Invitations.RevokeAsync(Assert.Single(await database.Invitations.ListAsync(default)).Key, default);
        var expired = await database.Invitations.CreateAsync(UserRole.Viewer, "", 7, "u", default);
        database.Execute("UPDATE Invitations SET ExpiresTicks = 1 WHERE RevokedTicks IS NULL");

        foreach (var token in new[] { revoked, expired, new string('0', 32) })
        {
            Assert.Null(await database.Invitations.RoleOfAsync(token, default));
            await Assert.ThrowsAsync<AccountException>(() => database.Accounts.AcceptAsync(token, "name", "hash", default));
        }
    }

    [Fact]
    public async Task DescribeAsync_NewName_IsThatOfTheRunsToo()
    {
        await using var database = await TestDatabase.CreateAsync();
        var user = await database.Accounts.CreateAsync("Before", UserRole.Operator, null, default);
        var (run, _) = await database.Store.CreateAsync(Presets.Create("demo"), "key", default, new RunOwner(user.Id, user.Name));
        await database.NewRunAsync();

        await database.Accounts.DescribeAsync(user.Id, "Aft_er", null, default);

        await using var context = await database.Contexts.CreateDbContextAsync();
        foreach (var (filter, found) in new[] { ("owner:aft_er", 1), ("owner:aft%", 0), ("owner:before", 0), ("-owner:aft_er", 1), ("owner:nobody,aft_er", 1) })
        {
            Assert.Equal(found, await RunFilter.Parse(filter, DateTimeOffset.UnixEpoch).Apply(context.Runs).CountAsync());
        }

        Assert.Equal("Aft_er", (await database.Queries.FindAsync(run, default))!.Owner);
    }

    [Fact]
    public async Task Audit_Lines_AreReadNewestFirstAndByWords()
    {
        await using var database = await TestDatabase.CreateAsync();
        for (var i = 0; i < 5; i++)
        {
            await database.Audit.AddAsync("u", "Ada", i == 2 ? "run.deleted" : "run.started", $"run{i}", new string('x', 600));
        }

        var all = await database.Audit.ListAsync(null, "", 3, default);
        Assert.Equal(["run4", "run3", "run2"], all.Select(l => l.Subject));
        Assert.Equal(["run1", "run0"], (await database.Audit.ListAsync(all[^1].Key, "", 3, default)).Select(l => l.Subject));
        Assert.Equal("run2", Assert.Single(await database.Audit.ListAsync(null, "deleted", 10, default)).Subject);
        Assert.Equal(AuditLog.MaxText, all[0].Detail.Length);
    }
}
