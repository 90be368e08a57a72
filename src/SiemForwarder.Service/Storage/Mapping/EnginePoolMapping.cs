using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace SiemForwarder.Service.Storage.Mapping;

/// <summary>Table <c>engine_pool</c>.</summary>
internal sealed class EnginePoolMapping : IEntityTypeConfiguration<EnginePool>
{
    public void Configure(EntityTypeBuilder<EnginePool> builder)
    {
        builder.ToTable("engine_pool");
        builder.HasKey(pool => pool.Name);
        builder.Property(pool => pool.Description);
        builder.Property(pool => pool.ManagedBy);
        builder.Property(pool => pool.CreatedAt);
        SnakeCase.ColumnsIn(builder);
    }
}
