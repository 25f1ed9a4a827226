using RroDashboard.Training.Model;
using TorchSharp;
using static TorchSharp.torch;

namespace RroDashboard.Training.Sampling;

/// <summary>
/// Keys and values of histories, in pages of a fixed number of positions. A history that is kept owns a list of pages. Full pages never change, so
/// histories that begin alike share them; the last page, partly filled, belongs to one history alone. A page is free when nobody refers to it. When
/// there is none, or too many histories are kept, the least recently used history gives its own up. Which page is taken, and who gives one up, follows
/// from the order of the calls alone.
/// </summary>
/// <remarks>
/// The model computes on rows that lie side by side (<see cref="WorkingRows"/>): pages are gathered into them, and those that were written go back. With
/// pages as wide as the context every history has one, nothing is shared, and rows are cut to width before they are copied.
/// </remarks>
internal sealed class PagedCache : IDisposable
{
    private const long NotPinned = long.MaxValue;

    private readonly LanguageModel _model;
    private readonly CacheRows _store;           // keys and values: row = page; projections: row = place
    private readonly int[] _references;          // by page
    private readonly Stack<int> _freePages;
    private readonly History?[] _owners;         // by place
    private readonly long[] _lastUse;
    private readonly Stack<int> _freePlaces;
    private long _clock;
    private long _pinnedFrom = NotPinned;

    /// <summary>An empty cache.</summary>
    /// <param name="model">Whose keys and values these are.</param>
    /// <param name="pageLength">Positions of a page.</param>
    /// <param name="pages">How many pages.</param>
    /// <param name="histories">How many histories may be kept at once; more than there are pages never are.</param>
    public PagedCache(LanguageModel model, int pageLength, int pages, int histories)
    {
        (_model, PageLength) = (model, pageLength);
        // One page more, which stays empty and stands wherever a history has none.
        _store = CacheRows.Allocate(model, pages + 1, pageLength);
        _references = new int[pages];
        _freePages = new Stack<int>(Enumerable.Range(0, pages).Reverse());
        _owners = new History?[Math.Min(histories, pages)];
        _lastUse = new long[_owners.Length];
        _freePlaces = new Stack<int>(Enumerable.Range(0, _owners.Length).Reverse());
        Logits = zeros(_owners.Length, model.Vocabulary, device: model.Device).DetachFromDisposeScope();
    }

    /// <summary>Positions of a page.</summary>
    public int PageLength { get; }

    /// <summary>How many pages there are.</summary>
    public int Pages => _references.Length;

    /// <summary>How many of them somebody refers to.</summary>
    public int PagesInUse => Pages - _freePages.Count;

    /// <summary>Histories that can be kept at once.</summary>
    public int Histories => _owners.Length;

    /// <summary>Logits after the last token of a history with <see cref="History.HasLogits"/>, at its place: (histories, V).</summary>
    public Tensor Logits { get; }

    private int Empty => Pages;

    /// <summary>Positions, rounded up to whole pages.</summary>
    public static int WholePages(int positions, int pageLength) => (positions + pageLength - 1) / pageLength * pageLength;

    /// <summary>What is used from now on is not given up until <see cref="Unpin"/>.</summary>
    public void Pin() => _pinnedFrom = _clock;

    /// <summary>Everything may be given up again.</summary>
    public void Unpin() => _pinnedFrom = NotPinned;

    /// <summary>A kept history is used now.</summary>
    public void Touch(History history) => _lastUse[history.Place] = _clock++;

    /// <summary>Keeps a history from now on.</summary>
    /// <param name="history">One that is not kept.</param>
    /// <param name="begin">Full pages of its beginning, from <see cref="Share"/>; they are taken over.</param>
    /// <param name="positions">How many it needs pages for.</param>
    public void Claim(History history, int[] begin, int positions)
    {
        int place;
        while (!_freePlaces.TryPop(out place))
        {
            GiveUpOne();
        }

        var pages = new int[Count(positions)];
        begin.CopyTo(pages, 0);
        for (var i = begin.Length; i < pages.Length; i++)
        {
            pages[i] = TakePage();
        }

        _owners[place] = history;
        _lastUse[place] = _clock++;
        (history.Place, history.Pages, history.Cached, history.HasLogits) = (place, pages, 0, false);
    }

    /// <summary>Gives a kept history pages for more positions.</summary>
    public void Extend(History history, int positions)
    {
        var pages = history.Pages;
        var missing = Enumerable.Range(0, Math.Max(0, Count(positions) - pages.Length)).Select(_ => TakePage()).ToArray();
        history.Pages = [.. pages, .. missing];
    }

    /// <summary>The full pages of what is known of a kept history, with one more reference to each.</summary>
    public int[] Share(History history)
    {
        var full = history.Pages[..(history.Cached / PageLength)];
        foreach (var page in full)
        {
            _references[page]++;
        }

        return full;
    }

    /// <summary>Gives references back.</summary>
    public void Return(int[] pages)
    {
        // The first page comes to lie on top: it is taken first again.
        foreach (var page in pages.Reverse())
        {
            if (--_references[page] == 0)
            {
                _freePages.Push(page);
            }
        }
    }

    /// <summary>A history takes over what another one kept.</summary>
    public void Move(History from, History to)
    {
        if (from.Place < 0)
        {
            return;
        }

        _owners[from.Place] = to;
        Touch(from);
        (to.Place, to.Pages, to.Cached, to.Unfed) = (from.Place, from.Pages, from.Cached, to.Unfed + from.Unfed);
        (from.Place, from.Pages, from.Cached, from.HasLogits) = (-1, [], 0, false);
    }

    /// <summary>Keeps a history no longer.</summary>
    public void Release(History history)
    {
        if (history.Place < 0)
        {
            return;
        }

        _owners[history.Place] = null;
        _freePlaces.Push(history.Place);
        Return(history.Pages);
        (history.Place, history.Pages, history.Cached, history.HasLogits) = (-1, [], 0, false);
    }

    /// <summary>Keeps nothing any longer.</summary>
    public void Forget()
    {
        foreach (var owner in _owners)
        {
            if (owner is not null)
            {
                Release(owner);
            }
        }
    }

    /// <summary>The pages in which what is known of a kept history lies.</summary>
    public int[] Known(History history) => history.Pages[..Count(history.Cached)];

    /// <summary>Pages laid side by side, a row each.</summary>
    /// <param name="pages">Of each row, in order; where there are too few, the rest of the row is empty.</param>
    /// <param name="places">Where the last projection of each row is.</param>
    /// <param name="width">Positions of a row.</param>
    public WorkingRows Take(IReadOnlyList<int[]> pages, IReadOnlyList<int> places, int width)
    {
        var count = Count(width);
        var numbers = new long[pages.Count * count];
        for (var row = 0; row < pages.Count; row++)
        {
            for (var i = 0; i < count; i++)
            {
                numbers[(row * count) + i] = i < pages[row].Length ? pages[row][i] : Empty;
            }
        }

        var rows = OnDevice([.. places.Select(p => (long)p)]);
        Tensor[] projections = [.. _store.Projections.Select(p => p.index_select(0, rows))];
        if (count == 1)
        {
            // Cut before it is copied: a page can be as wide as the context.
            var single = OnDevice(numbers);
            return new WorkingRows(new CacheRows(
                [.. _store.Keys.Select(k => k.narrow(2, 0, width).index_select(0, single))],
                [.. _store.Values.Select(v => v.narrow(2, 0, width).index_select(0, single))],
                projections), width);
        }

        var slices = OnDevice(Slices(numbers, count, pages.Count));
        long[] shape = [pages.Count, _model.CacheHeads, (long)count * PageLength, _model.HeadWidth];
        return new WorkingRows(new CacheRows(
            [.. _store.Keys.Select(k => Sliced(k).index_select(0, slices).view(shape))],
            [.. _store.Values.Select(v => Sliced(v).index_select(0, slices).view(shape))],
            projections), width);
    }

    /// <summary>Writes what was computed for histories back: their pages from the one on in which the first new position lies.</summary>
    /// <param name="from">The rows.</param>
    /// <param name="written">Row, the history that it belongs to, and the first position that is new in its pages.</param>
    public void Put(WorkingRows from, IReadOnlyList<(int Row, History History, int First)> written)
    {
        var working = from.Whole;
        var count = Count((int)working.Width);
        var rows = OnDevice([.. written.Select(w => (long)w.Row)]);
        var all = written.Count == working.Rows && Enumerable.Range(0, written.Count).All(i => written[i].Row == i);
        if (_model.ProjectionWidth > 0)
        {
            Write(_store.Projections, OnDevice([.. written.Select(w => (long)w.History.Place)]), working.Projections, all ? null : rows);
        }

        if (count == 1)
        {
            var single = OnDevice([.. written.Select(w => (long)w.History.Pages[0])]);
            Write([.. _store.Keys.Select(k => k.narrow(2, 0, working.Width))], single, working.Keys, all ? null : rows);
            Write([.. _store.Values.Select(v => v.narrow(2, 0, working.Width))], single, working.Values, all ? null : rows);
            return;
        }

        var (sources, targets) = (new List<long>(), new List<long>());
        foreach (var (row, history, first) in written)
        {
            for (var i = first / PageLength; i < history.Pages.Length; i++)
            {
                for (var head = 0; head < _model.CacheHeads; head++)
                {
                    sources.Add((((row * _model.CacheHeads) + head) * count) + i);
                    targets.Add((history.Pages[i] * _model.CacheHeads) + head);
                }
            }
        }

        Slide(_store, targets, working, sources);
    }

    /// <summary>Empty rows as wide as the context, for histories that come and go. They outlive the current dispose scope.</summary>
    public WorkingRows Room(int rows)
    {
        var width = WholePages(_model.Context, PageLength);
        return new WorkingRows(CacheRows.Allocate(_model, rows, width), width);
    }

    /// <summary>Lays what is known of kept histories into rows.</summary>
    /// <param name="into">From <see cref="Room"/>.</param>
    /// <param name="laid">Which history into which row.</param>
    public void Lay(WorkingRows into, IReadOnlyList<(int Row, History History)> laid)
    {
        var count = Count((int)into.Whole.Width);
        var (sources, targets) = (new List<long>(), new List<long>());
        foreach (var (row, history) in laid)
        {
            var known = Known(history);
            for (var head = 0; head < _model.CacheHeads; head++)
            {
                for (var i = 0; i < known.Length; i++)
                {
                    sources.Add((known[i] * _model.CacheHeads) + head);
                    targets.Add((((row * _model.CacheHeads) + head) * count) + i);
                }
            }
        }

        Slide(into.Whole, targets, _store, sources);
        if (_model.ProjectionWidth > 0)
        {
            Write(into.Whole.Projections, OnDevice([.. laid.Select(l => (long)l.Row)]), _store.Projections, OnDevice([.. laid.Select(l => (long)l.History.Place)]));
        }
    }

    /// <summary>Copies rows onto others of the same room.</summary>
    /// <param name="rows">The room.</param>
    /// <param name="moves">From which row to which, and how many positions of it count. No row is both.</param>
    public void Copy(WorkingRows rows, IReadOnlyList<(int From, int To, int Positions)> moves)
    {
        var count = Count((int)rows.Whole.Width);
        var (sources, targets) = (new List<long>(), new List<long>());
        foreach (var (from, to, positions) in moves)
        {
            for (var head = 0; head < _model.CacheHeads; head++)
            {
                for (var i = 0; i < Count(positions); i++)
                {
                    sources.Add((((from * _model.CacheHeads) + head) * count) + i);
                    targets.Add((((to * _model.CacheHeads) + head) * count) + i);
                }
            }
        }

        Slide(rows.Whole, targets, rows.Whole, sources);
        if (_model.ProjectionWidth > 0)
        {
            Write(rows.Whole.Projections, OnDevice([.. moves.Select(m => (long)m.To)]), rows.Whole.Projections, OnDevice([.. moves.Select(m => (long)m.From)]));
        }
    }

    /// <summary>Numbers as a tensor where the model is.</summary>
    public Tensor OnDevice(long[] numbers) => tensor(numbers, device: _model.Device);

    /// <inheritdoc/>
    public void Dispose()
    {
        _store.Free();
        Logits.Dispose();
    }

    // A layer at a time, so that there is one copy of what is written and not one of all layers.
    private static void Write(Tensor[] into, Tensor at, Tensor[] from, Tensor? rows)
    {
        for (var layer = 0; layer < into.Length; layer++)
        {
            using var scope = NewDisposeScope();
            into[layer].index_copy_(0, at, rows is null ? from[layer] : from[layer].index_select(0, rows));
        }
    }

    // Copies slices of keys and values.
    private void Slide(CacheRows into, List<long> targets, CacheRows from, List<long> sources)
    {
        if (sources.Count > 0)
        {
            var (target, source) = (OnDevice([.. targets]), OnDevice([.. sources]));
            Write([.. into.Keys.Select(Sliced)], target, [.. from.Keys.Select(Sliced)], source);
            Write([.. into.Values.Select(Sliced)], target, [.. from.Values.Select(Sliced)], source);
        }
    }

    // (pages or rows, H, positions, hd) as slices of one page of one head: (all of them, page · hd). A page of a row is not in one piece, a slice is.
    private Tensor Sliced(Tensor t) => t.view(-1, (long)PageLength * _model.HeadWidth);

    // Pages (rows, count) as slices (rows, H, count).
    private long[] Slices(long[] pages, int count, int rows)
    {
        var heads = _model.CacheHeads;
        var slices = new long[rows * heads * count];
        for (var row = 0; row < rows; row++)
        {
            for (var head = 0; head < heads; head++)
            {
                for (var i = 0; i < count; i++)
                {
                    slices[(((row * heads) + head) * count) + i] = (pages[(row * count) + i] * heads) + head;
                }
            }
        }

        return slices;
    }

    private int Count(int positions) => (positions + PageLength - 1) / PageLength;

    private int TakePage()
    {
        int page;
        while (!_freePages.TryPop(out page))
        {
            GiveUpOne();
        }

        _references[page] = 1;
        return page;
    }

    private void GiveUpOne()
    {
        History? oldest = null;
        foreach (var owner in _owners)
        {
            oldest = owner is not null && (oldest is null || _lastUse[owner.Place] < _lastUse[oldest.Place]) ? owner : oldest;
        }

        if (oldest is null || _lastUse[oldest.Place] >= _pinnedFrom)
        {
            throw new InvalidOperationException($"The cache of {Pages} pages of {PageLength} positions for {Histories} histories is too small for what is computed at once.");
        }

        Release(oldest);
    }
}
