using Microsoft.AspNetCore.Components;
using RroDashboard.Data;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Configuration;

namespace RroDashboard.Web.Components.Pages;

/// <summary>Tokens of the person who looks.</summary>
public sealed partial class OwnTokens : IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private IReadOnlyList<TokenInfo> _tokens = [];
    private UserRole _role;
    private UserRole _scope = UserRole.Viewer;
    private string _name = "";
    private int _days = TokenStore.DefaultDays;
    private string? _token;
    private string _said = "";
    private string _wrong = "";

    /// <summary>Tokens.</summary>
    [Inject] public required TokenStore Tokens { get; init; }

    /// <summary>What this person may do.</summary>
    [Inject] public required Rights Rights { get; init; }

    private IEnumerable<UserRole> Scopes => Enum.GetValues<UserRole>().Where(r => r <= _role);

    /// <inheritdoc/>
    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    /// <inheritdoc/>
    protected override Task OnInitializedAsync() => ActAsync(_ => Task.FromResult(""));

    private Task CreateAsync() => ActAsync(async user =>
    {
        if (_scope > user.Role)
        {
            throw new AccountException("A token may do no more than its person.");
        }

        _token = await Tokens.CreateAsync(user.Id, _name, _scope, _days, _left.Token);
        await Rights.NoteAsync("token.made", _token[..8], $"{_name}: {_scope}, {_days} days");
        _name = "";
        return "";
    });

    private Task RevokeAsync(TokenInfo token) => ActAsync(async user =>
    {
        var done = await Tokens.RevokeAsync(token.Key, user.Id, _left.Token);
        await Rights.NoteAsync("token.revoked", token.Start, token.Name);
        return done ? "The token was revoked." : "It did not work any more.";
    });

    private async Task ActAsync(Func<UserInfo, Task<string>> act)
    {
        (_said, _wrong) = ("", "");
        try
        {
            var user = await Rights.DemandAsync(UserRole.Viewer, "use tokens");
            _role = user.Role;
            _said = await act(user);
            _tokens = await Tokens.ListAsync(user.Id, _left.Token);
        }
        catch (Exception e) when (e is AccountException or RefusalException)
        {
            _wrong = e.Message;
        }
    }
}
