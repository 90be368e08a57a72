namespace SiemForwarder.Service.Storage;

/// <summary>The outcome of a change to a stored resource.</summary>
internal enum ChangeResult
{
    Done,
    NotFound,

    /// <summary>It was changed by someone else after the caller read it.</summary>
    Stale,

    /// <summary>Another resource has this name.</summary>
    NameTaken,
}
