using System.Globalization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using RroDashboard.Core.Review;
using RroDashboard.Data;
using RroDashboard.Data.Entities;
using RroDashboard.Web.Authentication;
using RroDashboard.Web.Components.Review;
using RroDashboard.Web.Navigation;
using RroDashboard.Web.Review;

namespace RroDashboard.Web.Components.Pages;

/// <summary>
/// One item at a time. What a person says is in the database a moment after each change, so a page that comes back goes on where it was; review.js keeps in the
/// browser what was typed while no server listened.
/// </summary>
public sealed partial class Review : IAsyncDisposable
{
    // Characters of a text that stands in a line.
    private const int MaxLine = 600;
    private static readonly TimeSpan SaveAfter = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _left = new();
    private readonly SemaphoreSlim _one = new(1);
    private ReviewWatch? _watch;
    private ITimer? _save;
    private Reviewer _me = new("", "");
    private ReviewQueue? _queue;
    private ReviewItem? _item;
    private ReviewItem? _last;
    private ReviewSheet? _sheet;
    private ReviewReveal? _reveal;
    private ReviewReveal? _lastReveal;
    private IReadOnlyList<ReviewItemRow> _rows = [];
    private IReadOnlyList<int?> _values = [];
    private string _note = "";
    private string _better = "";
    private string _saveState = "";
    private string _said = "";
    private string? _problem;
    private int _version;
    private int _mine;
    private long _since;
    private bool _dirty;
    private bool _history;
    private bool _loaded;
    private bool _focus;
    private bool _address;
    private bool _may;
    private ElementReference _heading;

    /// <summary>Which queue.</summary>
    [Parameter] public string QueueId { get; set; } = "";

    /// <summary>Who is signed in.</summary>
    [CascadingParameter] public required Task<AuthenticationState> SignedIn { get; set; }

    [SupplyParameterFromQuery(Name = "item")] private string? ItemText { get; set; }

    /// <summary>Changes queues.</summary>
    [Inject] public required ReviewStore Store { get; init; }

    /// <summary>Reads queues.</summary>
    [Inject] public required ReviewQueries Queries { get; init; }

    /// <summary>Reads what an item shows.</summary>
    [Inject] public required ReviewDesk Desk { get; init; }

    /// <summary>Tells of answers.</summary>
    [Inject] public required ReviewBell Bell { get; init; }

    /// <summary>What the person may do, as of now.</summary>
    [Inject] public required Rights Rights { get; init; }

    /// <summary>The clock.</summary>
    [Inject] public required TimeProvider Time { get; init; }

    /// <summary>The address.</summary>
    [Inject] public required NavigationManager Navigation { get; init; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _watch?.Dispose();
        if (_save is not null)
        {
            await _save.DisposeAsync();
        }

        // What was typed in the last moment before the page was left.
        await SaveAsync();
        await _left.CancelAsync();
        _left.Dispose();
        _one.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task OnInitializedAsync()
    {
        _me = CurrentReviewer.Of((await SignedIn).User);
        _may = await Rights.MayAsync(UserRole.Reviewer);
        _save = Time.CreateTimer(_ => _ = InvokeAsync(SaveAndShowAsync), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _watch = new ReviewWatch(Bell, Time, () => InvokeAsync(async () =>
        {
            await ReadListAsync();
            StateHasChanged();
        }));
    }

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        await SaveAsync();
        await ReadListAsync();
        if (_queue is not null && _may && RendererInfo.IsInteractive)
        {
            // Not while the page is only drawn for the first time: the item would be handed out twice.
            if (long.TryParse(ItemText, out var wanted) && wanted != _item?.Id)
            {
                await TryAsync(async () =>
                {
                    await Store.HoldAsync(QueueId, wanted, _me, _left.Token);
                    await ShowAsync(wanted);
                });
            }
            else if (_item is null)
            {
                await NextAsync();
            }
        }

        _loaded = RendererInfo.IsInteractive || _queue is null;
    }

    /// <inheritdoc/>
    protected override async Task OnAfterRenderAsync(bool firstRender)
    {
        if (_focus)
        {
            _focus = false;
            await _heading.FocusAsync(preventScroll: true);
        }

        // The address names what is shown, so that Back, a copied link and a page that comes back lead here. Not sooner: before a page has been drawn by
        // its circuit, going somewhere loads the page anew around what the browser's scripts made of it.
        if (_address)
        {
            _address = false;
            if (ItemText != _item?.Id.ToString(CultureInfo.InvariantCulture))
            {
                Navigation.NavigateTo(_item is null ? RroUrls.ReviewQueue(QueueId) : RroUrls.ReviewItem(QueueId, _item.Id), replace: true);
            }
        }
    }

    private static string Start(string text) => text.Length > MaxLine ? text[..MaxLine] + " …" : text;

    private string SideName(string letter) => _queue!.Kind == ReviewKind.Verdict ? (letter == "A") != _item!.ChosenIsB ? $"{letter}: chosen" : $"{letter}: rejected" : letter;

    private string LastText(ReviewItem item) => item.Own is { State: ReviewAnswerState.Skipped } ? "skipped" : item.Own is { } own ? "you said " + AnswerText(item, own) : "";

    private string AnswerText(ReviewItem item, ReviewAnswer answer) =>
        string.Join(", ", answer.Content.Values.Select(v => v is { } value ? ReviewLetters.Word(_queue!.Kind, value, item.ChosenIsB) : "nothing"));

    private async Task ReadListAsync()
    {
        _queue = await Queries.QueueAsync(QueueId, _left.Token);
        if (_queue is not null)
        {
            var from = Math.Max(0, (_item?.Position ?? 0) - (ReviewItemList.Window / 2));
            _rows = await Queries.ItemsAsync(QueueId, _me, from, ReviewItemList.Window, _left.Token);
            _mine = await Queries.DoneAsync(QueueId, _me, _left.Token);
            // Taken back elsewhere: what the process reward said of it is not shown beside an item that is open again.
            if (_last is { } last && _rows.FirstOrDefault(r => r.Id == last.Id) is { Mine: not (ReviewAnswerState.Submitted or ReviewAnswerState.Skipped) })
            {
                (_last, _lastReveal) = (null, null);
            }
        }
    }

    private Task NextAsync() => TryAsync(async () =>
    {
        await DemandAsync();
        await SaveAsync();
        await ShowAsync(await Store.NextAsync(QueueId, _me, _left.Token));
    });

    private async Task ShowAsync(long? itemId)
    {
        var item = itemId is { } id ? await Queries.ItemAsync(QueueId, id, _me, _left.Token) : null;
        var other = item?.Id != _item?.Id;
        _item = item;
        _sheet = item is null ? null : await Desk.SheetAsync(_queue!, item, _left.Token);
        _reveal = item is null ? null : await Desk.RevealAsync(_queue!, item, _left.Token);
        var own = item?.Own?.Content;
        _values = item is null ? [] : [.. _queue!.Questions.Select((_, i) => i < own?.Values.Count ? ReviewLetters.Turn(_queue.Kind, own.Values[i], item.ChosenIsB) : null)];
        (_note, _better, _version, _dirty) = (own?.Note ?? "", own?.BetterAction ?? "", item?.Version ?? 0, false);
        _saveState = item?.Own is { State: ReviewAnswerState.Draft } ? "Your draft is kept." : "";
        _since = Time.GetTimestamp();
        (_history, _focus, _loaded) = (_history && !other, other, true);
        await ReadListAsync();
        _address = true;
    }
}
