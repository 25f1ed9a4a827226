using Microsoft.AspNetCore.Components;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;
using RroDashboard.Web.Navigation;

namespace RroDashboard.Web.Components.Pages.Admin;

/// <summary>Who may sign in, with what role, and links that let more people in.</summary>
public sealed partial class Users : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<UserInfo> _users = [];
    private IReadOnlyList<InvitationInfo> _invitations = [];
    private UserRole _role = UserRole.Viewer;
    private string _note = "";
    private int _days = InvitationStore.DefaultDays;
    private string? _link;
    private string _linkFor = "";
    private string _said = "";
    private string _wrong = "";

    /// <summary>Accounts.</summary>
    [Inject] public required AccountStore Accounts { get; init; }

    /// <summary>Invitations.</summary>
    [Inject] public required InvitationStore Invitations { get; init; }

    /// <summary>One-time links.</summary>
    [Inject] public required SignInLinks Links { get; init; }

    /// <summary>What this person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>Where we are.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <summary>How long a link lives.</summary>
    [Inject] public required DashboardOptions Options { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override Task OnInitializedAsync() => ReadAsync();

    private async Task ReadAsync()
    {
        _users = await Accounts.ListAsync(_left.Token);
        _invitations = await Invitations.ListAsync(_left.Token);
    }

    private Task SetRoleAsync(UserInfo user, ChangeEventArgs e) => ActAsync("change a role", async () =>
    {
        if (!Enum.TryParse<UserRole>(e.Value?.ToString(), out var role) || !Enum.IsDefined(role))
        {
            throw new AccountException($"'{e.Value}' is no role.");
        }

        await Accounts.SetRoleAsync(user.Id, role, _left.Token);
        await Rights.NoteAsync("user.role", user.Id, $"{user.Name}: {user.Role} to {role}");
        return $"{user.Name} is {role.ToString().ToLowerInvariant()} now.";
    });

    private Task SignOutAsync(UserInfo user) => ActAsync("sign someone out", async () =>
    {
        await Accounts.SignOutEverywhereAsync(user.Id, _left.Token);
        await Rights.NoteAsync("user.signed-out", user.Id, user.Name);
        return $"{user.Name} is signed out everywhere.";
    });

    private Task DisableAsync(UserInfo user) => ActAsync("shut someone out", async () =>
    {
        await Accounts.SetDisabledAsync(user.Id, !user.IsDisabled, _left.Token);
        await Rights.NoteAsync(user.IsDisabled ? "user.let-in" : "user.shut-out", user.Id, user.Name);
        return $"{user.Name} is {(user.IsDisabled ? "let in again" : "shut out")}.";
    });

    private Task LinkAsync(UserInfo user) => ActAsync("make a sign-in link", async () =>
    {
        if (user.IsDisabled)
        {
            throw new AccountException($"{user.Name} is shut out: let them in first.");
        }

        _link = RroUrls.SignInLink(Navigation.BaseUri, Links.Create(Options.SignInLinkLifetime, user.Id));
        _linkFor = $"Sign-in link for {user.Name}";
        await Rights.NoteAsync("user.link", user.Id, user.Name);
        return "";
    });

    private Task InviteAsync() => ActAsync("invite someone", async () =>
    {
        var admin = await Rights.DemandAsync(UserRole.Admin, "invite someone");
        var token = await Invitations.CreateAsync(_role, _note, _days, admin.Id, _left.Token);
        _link = RroUrls.InvitationLink(Navigation.BaseUri, token);
        _linkFor = $"Invitation as {_role.ToString().ToLowerInvariant()}{(_note.Trim().Length > 0 ? " for " + _note.Trim() : "")}";
        await Rights.NoteAsync("invitation.made", "", $"{_role} {_note}".Trim());
        _note = "";
        return "";
    });

    private Task RevokeAsync(InvitationInfo invitation) => ActAsync("take an invitation back", async () =>
    {
        var done = await Invitations.RevokeAsync(invitation.Key, _left.Token);
        await Rights.NoteAsync("invitation.revoked", "", $"{invitation.Role} {invitation.Note}".Trim());
        return done ? "The invitation was taken back." : "It was used before it could be taken back.";
    });

    // Every action: allowed, done, said, read again.
    private async Task ActAsync(string what, Func<Task<string>> act)
    {
        (_said, _wrong) = ("", "");
        try
        {
            await Rights.DemandAsync(UserRole.Admin, what);
            _said = await act();
        }
        catch (Exception e) when (e is AccountException or RefusalException)
        {
            _wrong = e.Message;
        }

        await ReadAsync();
    }
}
